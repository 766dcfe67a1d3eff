//! Accessibility checks: the accessibility tree, contrast, the keyboard.

use wecom_login_tests::browser::{Key, Window};

use crate::steps::FOCUS;

/// The roles whose elements need an accessible name.
const NAMED: [&str; 10] = [
    "RootWebArea",
    "button",
    "link",
    "textbox",
    "spinbutton",
    "heading",
    "img",
    "image",
    "Iframe",
    "DisclosureTriangle",
];

/// The page has a title, one main part and one first heading, and nothing on it is without a name.
pub(crate) async fn everything_has_a_name(window: &Window, page: &str) {
    let nodes = window.accessibility_tree().await;
    let text = |node: &serde_json::Value, field: &str| {
        node[field]["value"].as_str().unwrap_or_default().to_owned()
    };
    let roles: Vec<String> = nodes.iter().map(|node| text(node, "role")).collect();
    for (node, role) in nodes.iter().zip(&roles) {
        assert!(
            !NAMED.contains(&role.as_str()) || !text(node, "name").trim().is_empty(),
            "{page}: {node}"
        );
    }
    assert_eq!(
        roles.iter().filter(|role| *role == "main").count(),
        1,
        "{page}: {roles:?}"
    );
    assert_eq!(window.count("h1").await, 1, "{page}");
}

/// The border of a field stands out from what is around it by 3:1 (WCAG 2.2, 1.4.11).
pub(crate) async fn every_field_has_an_edge(window: &Window, page: &str) {
    let contrasts = window.script(CONTRASTS).await;
    for contrast in contrasts.as_array().unwrap() {
        assert!(
            contrast.as_f64().unwrap() >= 3.0,
            "{page}: a field's border has {contrast}:1"
        );
    }
}

/// Tab comes to everything that can be used, in its order, and it can be seen where it is.
pub(crate) async fn everything_by_tab(window: &Window, page: &str) {
    let count = window
        .script(&format!("{USABLE} return usable.length"))
        .await
        .as_u64()
        .unwrap();
    let mut order = Vec::new();
    // A round begins where the focus is, and passes the browser itself.
    for _ in 0..count + 2 {
        window.press(Key::Tab).await;
        let script = format!(
            "{USABLE} const focused = document.activeElement; const seen = (() => {{ {FOCUS} }})(); \
                              return [usable.indexOf(focused), ...seen]"
        );
        let focused = window.script(&script).await;
        let Some(place) = focused[0].as_u64() else {
            continue;
        };
        assert_eq!(
            focused[1], true,
            "{page}: the focus on {:?} cannot be seen",
            focused[2]
        );
        order.push(place);
    }
    for place in 0..count {
        assert!(
            order.contains(&place),
            "{page}: Tab does not come to {place} of {count}: {order:?}"
        );
    }
    let turns = order.windows(2).filter(|pair| pair[1] < pair[0]).count();
    assert!(turns <= 1, "{page}: {order:?}");
}

const USABLE: &str = "const usable = [...document.querySelectorAll( \
    'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]')] \
    .filter(one => !one.disabled && one.checkVisibility());";

const CONTRASTS: &str = "\
    const numbers = color => color.match(/[\\d.]+/g).map(Number); \
    const light = color => { const [r, g, b] = numbers(color).slice(0, 3).map(part => part / 255) \
        .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4); \
        return 0.2126 * r + 0.7152 * g + 0.0722 * b; }; \
    const around = one => { while (one && numbers(getComputedStyle(one).backgroundColor)[3] === 0) \
        one = one.parentElement; return one ? getComputedStyle(one).backgroundColor : 'rgb(255, 255, 255)'; }; \
    return [...document.querySelectorAll('input:not([type=hidden]), select, textarea')] \
        .filter(field => field.checkVisibility()).map(field => { \
            const edge = light(getComputedStyle(field).borderTopColor), outside = light(around(field.parentElement)); \
            return (Math.max(edge, outside) + 0.05) / (Math.min(edge, outside) + 0.05); });";

use std::collections::BTreeSet;

use super::*;

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_str() {
                    Some(target) if name == "$ref" => drop(found.insert(target.to_owned())),
                    _ => references(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn every_route_is_described_and_every_schema_is_used() {
    let document = document("https://app.example/auth", "wecom_login");
    let described: BTreeSet<&str> = document["paths"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let served = routes().iter().filter(|route| is_api(route));
    let served: BTreeSet<&str> = served.map(|route| route.path).collect();
    assert_eq!(described, served);
    let mut referenced = BTreeSet::new();
    references(&document, &mut referenced);
    let there: BTreeSet<String> = document["components"]["schemas"]
        .as_object()
        .unwrap()
        .keys()
        .map(|name| format!("#/components/schemas/{name}"))
        .collect();
    assert_eq!(referenced, there);
}

#[test]
fn operation_ids_are_unique() {
    let mut ids = BTreeSet::new();
    for route in routes().iter().filter(|route| is_api(route)) {
        for method in route
            .methods
            .iter()
            .filter(|method| is_described(route, method))
        {
            let id = operation(route, method).id;
            assert!(ids.insert(id), "{id} of {method} {}", route.path);
        }
    }
}

use super::*;

#[test]
fn plain_id_allows_only_the_documented_alphabet() {
    for good in ["dk1234567890abcdef", "a", "wpAbC_-9", &"x".repeat(64)] {
        assert_eq!(SuiteId::new(good).unwrap().as_str(), good);
    }
    for bad in ["", " ", "a b", "a/b", "企业", &"x".repeat(65), "a\n"] {
        assert!(CorpId::new(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn ids_are_compared_with_case() {
    assert_ne!(CorpId::new("wpAb").unwrap(), CorpId::new("wpab").unwrap());
    assert_eq!(CorpId::new("wpAb").unwrap(), "wpAb");
    assert_ne!(CorpId::new("wpAb").unwrap(), *"wpab");
}

#[test]
fn organization_codes_are_compared_without_case() {
    let (one, other) = (
        OrganizationCode::new("Acme-1").unwrap(),
        OrganizationCode::new("aCME-1").unwrap(),
    );
    assert_eq!((&one, one.key()), (&other, other.key()));
    assert_eq!(one.as_str(), "Acme-1");
    assert!(OrganizationCode::new("acme 1").is_err());
}

#[test]
fn user_id_allows_linked_corp_prefix() {
    assert_eq!(
        WecomUserId::new("wwA/zhangsan").unwrap().as_str(),
        "wwA/zhangsan"
    );
    assert!(WecomUserId::new("").is_err());
}

#[test]
fn agent_id_deserializes_from_number_or_text_and_serializes_as_text() {
    let agents: Vec<AgentId> = serde_json::from_str(r#"[1000002, "1000002"]"#).unwrap();
    assert_eq!(agents[0], agents[1]);
    assert_eq!(serde_json::to_string(&agents[0]).unwrap(), r#""1000002""#);
}

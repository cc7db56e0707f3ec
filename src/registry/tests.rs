use super::*;

#[test]
fn a_citizen_id_is_thirteen_digits_in_either_form() {
    for (value, expected) in [
        (Raw::Text("1234567890121"), Some(1_234_567_890_121)),
        (Raw::Int(1_234_567_890_121), Some(1_234_567_890_121)),
        (Raw::Text("0012345678901"), Some(12_345_678_901)),
        (Raw::Int(12_345_678_901), None),
        (Raw::Text("123456789012"), None),
        (Raw::Text("12345678901234"), None),
        (Raw::Text("12345678901a1"), None),
        (Raw::Int(-1_234_567_890_121), None),
        (Raw::Null, None),
    ] {
        assert_eq!(citizen(value), expected, "{value:?}");
    }
}

use super::*;

#[test]
fn a_citizen_id_is_thirteen_digits_in_either_form() {
    for (value, expected) in [
        (RawValue::Text("1234567890121"), Some(1_234_567_890_121)),
        (RawValue::Int(1_234_567_890_121), Some(1_234_567_890_121)),
        (RawValue::Text("0012345678901"), Some(12_345_678_901)),
        (RawValue::Int(12_345_678_901), None),
        (RawValue::Text("123456789012"), None),
        (RawValue::Text("12345678901234"), None),
        (RawValue::Text("12345678901a1"), None),
        (RawValue::Int(-1_234_567_890_121), None),
        (RawValue::Null, None),
    ] {
        assert_eq!(citizen(value), expected, "{value:?}");
    }
}

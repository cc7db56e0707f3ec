//! The name of a file as a client says it: in `Content-Disposition` (RFC 6266,
//! RFC 8187) or in a header of our own, with or without the path that it had
//! where it came from.

use encoding_rs::{Encoding, WINDOWS_874};

/// The file name that a `Content-Disposition` says: that of `filename*` before
/// that of `filename`. None when it says neither.
pub fn of_disposition(header: &[u8]) -> Option<String> {
    let (mut plain, mut extended) = (None, None);
    for (key, value) in parameters(header) {
        if key.eq_ignore_ascii_case(b"filename*") {
            extended = extended.or_else(|| decoded(&value));
        } else if key.eq_ignore_ascii_case(b"filename") {
            plain = plain.or(Some(value));
        }
    }
    extended.or_else(|| plain.map(|value| text(&value)))
}

/// The last part of a path by either separator: old browsers send where the
/// file lay. A path that climbs is no honest one and stays as it is, to be
/// refused.
pub fn last_part(name: &str) -> &str {
    let parts = || name.split(['/', '\\']);
    if parts().any(|part| part.trim_end() == "..") {
        name
    } else {
        parts().next_back().unwrap_or(name)
    }
}

/// The parameters of a header, without their quotes. A backslash within quotes
/// is one, because old browsers send paths so; before a quote it is none.
fn parameters(header: &[u8]) -> Vec<(&[u8], Vec<u8>)> {
    let mut found = Vec::new();
    let mut rest = after(header, b';');
    while !rest.is_empty() {
        let Some(equals) = rest.iter().position(|byte| matches!(byte, b'=' | b';')) else { break };
        if rest[equals] == b';' {
            rest = &rest[equals + 1..];
            continue;
        }
        let key = rest[..equals].trim_ascii();
        let value = rest[equals + 1..].trim_ascii_start();
        if let [b'"', quoted @ ..] = value {
            let (text, behind) = unquoted(quoted);
            found.push((key, text));
            rest = after(behind, b';');
        } else {
            let end = value.iter().position(|byte| *byte == b';').unwrap_or(value.len());
            found.push((key, value[..end].trim_ascii().to_vec()));
            rest = after(value, b';');
        }
    }
    found
}

/// What comes after the first such byte.
fn after(bytes: &[u8], byte: u8) -> &[u8] {
    bytes.iter().position(|b| *b == byte).map_or(&[], |at| &bytes[at + 1..])
}

/// A quoted text up to its closing quote, and what comes after.
fn unquoted(bytes: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut text = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at..] {
            [b'\\', b'"', ..] => {
                text.push(b'"');
                at += 2;
            }
            [b'"', ..] => return (text, &bytes[at + 1..]),
            _ => {
                text.push(bytes[at]);
                at += 1;
            }
        }
    }
    (text, &[])
}

/// `UTF-8'th'name%20in%20percent`; none when it is not of that form.
fn decoded(value: &[u8]) -> Option<String> {
    let mut parts = value.splitn(3, |byte| *byte == b'\'');
    let (charset, _language, name) = (parts.next()?, parts.next()?, parts.next()?);
    let charset = Encoding::for_label(charset)?;
    let bytes: Vec<u8> = percent_encoding::percent_decode(name).collect();
    let (name, wrong) = charset.decode_without_bom_handling(&bytes);
    (!wrong && !name.is_empty()).then(|| name.into_owned())
}

/// Text in UTF-8, or else as old Thai systems write it.
fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => WINDOWS_874.decode_without_bom_handling(bytes).0.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_spelling_of_a_file_name_is_read() {
        let f = "F43_10953_20141201080000.zip";
        for (header, name) in [
            ("form-data; name=\"archive\"; filename=\"@\"", Some(f)),
            ("form-data; name=archive; filename=@", Some(f)),
            ("form-data;name=\"a\";FileName = \"@\" ; x=y", Some(f)),
            ("form-data; filename=\"C:\\Users\\ผู้ใช้\\@\"", Some(f)),
            ("form-data; filename=\"\\\\host\\share\\@\"", Some(f)),
            ("form-data; filename=\"/home/user/@\"", Some(f)),
            ("form-data; name=\"archive\"; filename*=UTF-8''@", Some(f)),
            ("form-data; filename*=utf-8'th'F43%5F10953_20141201080000%2Ezip", Some(f)),
            ("form-data; filename*=\"UTF-8''@\"", Some(f)),
            ("form-data; filename*=ISO-8859-1'en'@; filename=other.zip", Some(f)),
            ("form-data; filename=\"other.zip\"; filename*=UTF-8''C%3A%5C@", Some(f)),
            // Of no known form: the plain one counts.
            ("form-data; filename*=@; filename=\"@\"", Some(f)),
            ("form-data; filename*=UTF-8''%FF; filename=\"@\"", Some(f)),
            ("form-data; filename*=klingon''x; filename=\"@\"", Some(f)),
            ("form-data; filename*=UTF-8''", None),
            ("form-data; name=\"filename=@\"", None),
            ("form-data; name=\"a;filename=@\"", None),
            ("form-data; name=\"a\\\";filename=@\"", None),
            ("form-data", None),
            ("form-data; filename", None),
            ("form-data; filename=\"\"", Some("")),
            ("form-data; filename=\"a;b.zip\"", Some("a;b.zip")),
            ("form-data; filename=\"a\\\"b.zip\"", Some("a\"b.zip")),
        ] {
            let header = header.replace('@', f);
            let got = of_disposition(header.as_bytes());
            assert_eq!(got.as_deref().map(last_part), name, "{header}");
        }
        let thai = of_disposition(b"form-data; filename=\"\xe4\xbf\xc5\xec.zip\"");
        assert_eq!(thai.as_deref(), Some("ไฟล์.zip"));
    }

    #[test]
    fn a_path_that_climbs_stays_whole() {
        for name in ["../a.zip", "a/../b.zip", "..\\a.zip", "C:\\x\\..\\a.zip", "a/.. /b.zip", ".."]
        {
            assert_eq!(last_part(name), name);
        }
        for (name, last) in [("a..zip", "a..zip"), ("x/", ""), ("", ""), ("a/b\\c.zip", "c.zip")] {
            assert_eq!(last_part(name), last);
        }
    }

    proptest! {
        #[test]
        fn no_header_panics(header in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Some(name) = of_disposition(&header) {
                let _ = last_part(&name);
            }
        }

        #[test]
        fn nothing_near_the_form_panics(header in "form-data; ?(filename\\*?=[\"'%;a\\\\-]{0,9};?){0,3}") {
            let _ = of_disposition(header.as_bytes());
        }
    }
}

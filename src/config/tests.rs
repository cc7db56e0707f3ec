use super::*;

fn env(pairs: &[(&str, &str)]) -> impl Iterator<Item = (String, String)> {
    let pairs: Vec<_> = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    pairs.into_iter()
}

#[test]
fn the_documented_defaults_are_the_limits_of_the_code() {
    let config = Config::default();
    assert_eq!(config.limits, Limits::default());
    assert_eq!(config.inbox.settle.0.as_millis(), 2000);
}

#[test]
fn environment_goes_over_file_goes_over_defaults() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("khlang.toml");
    let secret = folder.path().join("listen");
    std::io::Write::write_all(
        &mut std::fs::File::create(&path).unwrap(),
        b"[http]\nworkers = 2\nlisten = \"127.0.0.1:1\"\n[inbox]\nsettle = 1\n",
    )
    .unwrap();
    std::io::Write::write_all(&mut std::fs::File::create(&secret).unwrap(), b"127.0.0.1:9\n")
        .unwrap();
    let secret = secret.display().to_string();
    let config = Config::load(
        Some(&path),
        env(&[
            ("KHLANG__HTTP__WORKERS", "8"),
            ("KHLANG__INBOX__POLL", "250ms"),
            ("KHLANG__HTTP__LISTEN__FILE", &secret),
            ("OTHER", "x"),
        ]),
    )
    .unwrap();
    assert_eq!(config.http.workers, 8);
    assert_eq!(config.http.listen.port(), 9);
    assert_eq!(config.inbox.settle.0.as_millis(), 1000);
    assert_eq!(config.inbox.poll.0.as_millis(), 250);
}

#[test]
fn an_unknown_key_is_named() {
    let error = Config::load(None, env(&[("KHLANG__HTTP__WORKER", "8")])).unwrap_err().to_string();
    assert!(error.contains("http.worker") && error.contains("workers"), "{error}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("k.toml");
    std::io::Write::write_all(&mut std::fs::File::create(&path).unwrap(), b"inbx = 1\n").unwrap();
    let error = Config::load(Some(&path), env(&[])).unwrap_err().to_string();
    assert!(error.contains("inbx") && error.contains("k.toml"), "{error}");
}

#[test]
fn a_value_of_the_wrong_kind_is_told() {
    let error =
        Config::load(None, env(&[("KHLANG__INBOX__POLL", "soon")])).unwrap_err().to_string();
    assert!(error.contains("soon"), "{error}");
}

#[test]
fn trusted_proxies_are_addresses_or_networks() {
    let of = |text: &str| Config::load(None, env(&[("KHLANG__HTTP__TRUSTED_PROXIES", text)]));
    let has =
        |config: &Config, address: &str| config.http.trusted_proxies.has(address.parse().unwrap());
    let config = Config::default();
    assert!(has(&config, "127.0.0.1") && has(&config, "::1") && !has(&config, "10.0.0.1"));
    let config = of("10.0.0.0/8, fd00::1").unwrap();
    assert!(has(&config, "10.9.9.9") && has(&config, "fd00::1") && !has(&config, "127.0.0.1"));
    assert_eq!(of("").unwrap().http.trusted_proxies, Networks::default());
    let error = of("10.0.0.0/8, localhost").unwrap_err().to_string();
    assert!(error.contains("localhost"), "{error}");
    // What is shown can be read again.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shown.toml");
    std::io::Write::write_all(
        &mut std::fs::File::create(&path).unwrap(),
        Config::default().show().as_bytes(),
    )
    .unwrap();
    assert_eq!(Config::load(Some(&path), env(&[])).unwrap(), Config::default());
}

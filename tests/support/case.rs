//! Golden archives and the program that they are given to: member texts become
//! a zip at test time, the real binary gets it in a data folder of its own,
//! and what it says comes back as JSON.

use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;

/// `DATA/units.csv` unless a case has its own: a main unit with a sub-unit,
/// and another main unit with one.
pub const UNITS: &str = "hcode,name,type,level,cup,network,district,province\n\
    10670,โรงพยาบาลหนึ่ง,07,F2,10670,10670,อำเภอ,จังหวัด\n\
    04001,รพ.สต.หนึ่ง,18,P,10670,10670,อำเภอ,จังหวัด\n\
    10671,โรงพยาบาลสอง,07,F2,10671,10670,อำเภอ,จังหวัด\n\
    04009,รพ.สต.สอง,18,P,10671,10670,อำเภอ,จังหวัด\n";

/// The clock of all cases that do not set it.
pub const NOW: &str = "2014-01-31T12:00:00+07:00";

/// A data folder and the program over it.
pub struct Khlang {
    pub folder: TempDir,
    now: String,
    environment: BTreeMap<String, String>,
}

impl Khlang {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("data")).unwrap();
        let khlang = Self { folder, now: NOW.to_owned(), environment: BTreeMap::new() };
        khlang.write("data/units.csv", UNITS);
        khlang
    }

    pub fn now(mut self, now: &str) -> Self {
        now.clone_into(&mut self.now);
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// A path below the folder in which the program runs; `data` is its data
    /// folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file and its folders.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Runs the program.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_khlang"))
            .current_dir(self.folder.path())
            .args(["--data", "data", "--now", &self.now])
            .args(arguments)
            .envs(&self.environment)
            .output()
            .unwrap();
        Ran(output)
    }

    /// Loads an archive and gives what the program says about it.
    pub fn import(&self, name: &str, zip: &[u8]) -> Value {
        let path = self.write(name, zip);
        self.run(&["import", "--json", path.to_str().unwrap()]).json()[0].clone()
    }
}

/// What a run gave.
pub struct Ran(pub Output);

impl Ran {
    pub fn status(&self) -> i32 {
        self.0.status.code().unwrap()
    }

    pub fn out(&self) -> String {
        String::from_utf8(self.0.stdout.clone()).unwrap()
    }

    pub fn err(&self) -> String {
        String::from_utf8(self.0.stderr.clone()).unwrap()
    }

    /// Standard output as the one JSON document that it must be.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.0.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}{}", self.out(), self.err()))
    }
}

/// A zip of these members.
pub fn zipped<N: AsRef<str>, B: AsRef<[u8]>>(members: &[(N, B)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        zip.start_file(name.as_ref(), zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes.as_ref()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// `archive.toml` of a case; every key may be left out.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Recipe {
    /// Why the case is there.
    pub about: String,
    /// Name of the archive.
    pub name: String,
    pub now: String,
    /// `import` or `check`.
    pub command: String,
    /// Further arguments.
    pub arguments: Vec<String>,
    /// Cases that are imported into the same data folder first.
    pub before: Vec<String>,
    /// Submissions that are voided after those.
    pub void: Vec<u32>,
    /// `windows-874`, else as written.
    pub encoding: String,
    /// Line ends become CRLF.
    pub crlf: bool,
    /// The last line end is cut off.
    pub unended: bool,
    /// Members that get a byte order mark.
    pub bom: Vec<String>,
    /// Paths in the archive of files of `in/`.
    pub paths: BTreeMap<String, String>,
    /// Bytes, in hex, that are put behind a member.
    pub append: BTreeMap<String, String>,
    /// Lines of so many bytes that are put behind a member.
    pub long_line: BTreeMap<String, usize>,
    pub env: BTreeMap<String, String>,
    /// Code lists in `DATA/codes`.
    pub codes: BTreeMap<String, Vec<String>>,
    /// What is done to the zip; see `golden/hostile.rs`.
    pub hostile: Option<String>,
    /// Exit status.
    pub exit: i32,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            about: String::new(),
            name: "F21_10670_20140131080000.zip".to_owned(),
            now: NOW.to_owned(),
            command: "import".to_owned(),
            arguments: Vec::new(),
            before: Vec::new(),
            void: Vec::new(),
            encoding: String::new(),
            crlf: false,
            unended: false,
            bom: Vec::new(),
            paths: BTreeMap::new(),
            append: BTreeMap::new(),
            long_line: BTreeMap::new(),
            env: BTreeMap::new(),
            codes: BTreeMap::new(),
            hostile: None,
            exit: 0,
        }
    }
}

/// A golden archive.
#[derive(Debug, Clone)]
pub struct Case {
    pub name: String,
    pub recipe: Recipe,
    pub expect: Value,
    folder: PathBuf,
}

impl Case {
    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
    }

    /// Every case, by name.
    pub fn all() -> Vec<Self> {
        let mut names: Vec<String> = std::fs::read_dir(Self::root())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names.iter().map(|name| Self::read(name)).collect()
    }

    pub fn read(name: &str) -> Self {
        let folder = Self::root().join(name);
        let text = |file: &str| std::fs::read_to_string(folder.join(file)).ok();
        let recipe = text("archive.toml").unwrap_or_default();
        let recipe = toml::from_str(&recipe).unwrap_or_else(|e| panic!("{name}: {e}"));
        let expect = text("expect.json").unwrap_or_else(|| panic!("{name}: no expect.json"));
        let expect = serde_json::from_str(&expect).unwrap_or_else(|e| panic!("{name}: {e}"));
        Self { name: name.to_owned(), recipe, expect, folder }
    }

    /// Members by their path in the archive.
    pub fn members(&self) -> Vec<(String, Vec<u8>)> {
        let Ok(entries) = std::fs::read_dir(self.folder.join("in")) else { return Vec::new() };
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
            .into_iter()
            .map(|name| {
                let bytes = self.member(&name);
                (self.recipe.paths.get(&name).cloned().unwrap_or(name), bytes)
            })
            .collect()
    }

    fn member(&self, name: &str) -> Vec<u8> {
        let recipe = &self.recipe;
        let mut text = std::fs::read_to_string(self.folder.join("in").join(name)).unwrap();
        if recipe.unended {
            text.truncate(text.trim_end_matches('\n').len());
        }
        if recipe.crlf {
            text = text.replace('\n', "\r\n");
        }
        let mut bytes = if recipe.encoding == "windows-874" {
            encoding_rs::WINDOWS_874.encode(&text).0.into_owned()
        } else {
            text.into_bytes()
        };
        if recipe.bom.contains(&name.to_owned()) {
            bytes.splice(..0, *b"\xef\xbb\xbf");
        }
        if let Some(length) = recipe.long_line.get(name) {
            bytes.extend(std::iter::repeat_n(b'x', *length).chain([b'\n']));
        }
        let hex = recipe.append.get(name).map_or("", String::as_str).as_bytes();
        bytes.extend(
            hex.chunks(2).map(|digits| {
                u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap()
            }),
        );
        bytes
    }

    /// The data folder as it is before the archive comes.
    pub fn prepare(&self, zip: &dyn Fn(&Self) -> Vec<u8>) -> Khlang {
        let mut khlang = Khlang::new().now(&self.recipe.now);
        for (name, value) in &self.recipe.env {
            khlang = khlang.env(name, value);
        }
        for (list, codes) in &self.recipe.codes {
            let text = format!("code\n{}\n", codes.join("\n"));
            khlang.write(&format!("data/config/codes/{list}.csv"), text);
        }
        for name in &self.recipe.before {
            let case = Self::read(name);
            khlang.import(&case.recipe.name, &zip(&case));
        }
        for id in &self.recipe.void {
            let id = id.to_string();
            let ran = khlang.run(&["submissions", "void", &id, "--reason", "ส่งผิด"]);
            assert_eq!(ran.status(), 0, "{}", ran.err());
        }
        khlang
    }
}

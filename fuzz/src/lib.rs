//! What the fuzz targets share.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use khlang::catalog::Catalog;
use khlang::config::Config;
use khlang::units::Units;
use khlang::environment::Environment;

/// A main unit, one of its CUP, and one of another.
const UNITS: &str = "hcode,name,type,level,cup,network,district,province
10670,หนึ่ง,07,F2,10670,10669,เหนือ,ตัวอย่าง
04001,สอง,18,P,10670,10669,เหนือ,ตัวอย่าง
04009,สาม,18,P,10671,10669,ใต้,ตัวอย่าง
";

/// A folder in memory, where the machine has one: thousands of small files a
/// second are written there. It is the process's own.
pub fn folder() -> &'static Path {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let memory = Path::new("/dev/shm");
        let base = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        sweep(&base);
        let folder = base.join(format!("khlang-fuzz-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("the folder can be made");
        folder
    });
    &FOLDER
}

/// Removes what processes have left that are no more.
fn sweep(base: &Path) {
    for entry in std::fs::read_dir(base).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix("khlang-fuzz-"));
        if process.is_some_and(|id| !Path::new("/proc").join(id).exists()) {
            drop(std::fs::remove_dir_all(entry.path()));
        }
    }
}

/// Built-in catalogue, three units, and defaults with many findings kept.
pub fn environment() -> &'static Arc<Environment> {
    static ENVIRONMENT: LazyLock<Arc<Environment>> = LazyLock::new(|| {
        let listed = folder().join("units.csv");
        std::fs::write(&listed, UNITS).expect("the folder can be written to");
        let mut config = Config::default();
        config.limits.findings = 1_000_000;
        config.limits.warnings = 1_000_000;
        config.limits.findings_in_all = 1_000_000;
        config.limits.free_bytes = 0;
        let units = Units::load(&listed).expect("the units are right");
        let catalog = Catalog::builtin().expect("the catalogue is right");
        Arc::new(Environment::new(catalog, units, config).expect("the plans are right"))
    });
    &ENVIRONMENT
}

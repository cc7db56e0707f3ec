//! A list of units that cannot be looked at for an instant is not one that is
//! gone: no other list takes its place, and no right archive is refused.

use super::shim::{EIO, Fault, Which, failed};
use crate::support::parcel::Parcel;
use crate::support::site::{Site, UNIT_A};

#[test]
fn a_list_that_cannot_be_looked_at_is_replaced_by_no_other() {
    let mut site = Site::new();
    let other = site.write(
        "other.csv",
        b"hcode,name,type,level,cup,network,district,province\n\
        99999,x,18,P,99999,99999,x,x\n",
    );
    site.set("KHLANG__UNITS", other.to_str().unwrap());
    let first = Parcel::new(UNIT_A, 1, 3);
    let archive = site.write("F43_10670_20140101080000.zip", &first.zip());
    assert!(site.import(&archive, None).success());

    let second = Parcel::new(UNIT_A, 10, 3);
    let archive = site.write("F43_10670_20140102080000.zip", &second.zip());
    let mut command = site.command(&["import", "--json", archive.to_str().unwrap()]);
    let which = Which::From(1);
    Fault { call: "stat", path: "/units.csv$", errno: EIO, which }.befall(
        &mut command,
        &site,
        None,
    );
    let ran = command.output().unwrap();
    assert!(failed(&site) > 0, "nothing failed");
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(!said.contains("A05"), "{said}{}", String::from_utf8_lossy(&ran.stderr));
    assert!(said.contains("\"accepted\""), "{said}");
    site.assert_verified();
}

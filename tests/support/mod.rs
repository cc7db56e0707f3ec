//! What the tests share.

pub mod case;
pub mod database;
pub mod lab;
pub mod parcel;
pub mod sample;
pub mod site;
pub mod zipcraft;

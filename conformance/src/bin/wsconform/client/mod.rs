//! `wsconform client`: tests a client.

use anyhow::Result;
use std::rc::Rc;
use wsconform::Case;

use crate::args::ClientArguments;
use crate::runner::Arrival;

#[derive(Debug)]
pub(crate) struct Offers;
impl Offers {
    pub(crate) async fn next(&self) -> Option<Arrival> {
        None
    }
}
#[derive(Debug)]
pub(crate) struct Launcher;
impl Launcher {
    pub(crate) fn offers(&self, _: &Case) -> Rc<Offers> {
        Rc::new(Offers)
    }
}

pub(crate) async fn client(_: &ClientArguments) -> Result<u8> {
    anyhow::bail!("not yet")
}

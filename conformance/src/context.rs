//! The settings of a run.

use core::time::Duration;

use crate::capabilities::Capabilities;

/// The settings of a run.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Context {
    /// The seed of keys, nonces and random cases.
    pub seed: u64,
    /// The value of the Host field.
    pub host: String,
    /// The resource that is requested.
    pub resource: String,
    /// Fields that each opening request gets, in place of the usual ones with their names. A case about a
    /// field keeps its own.
    pub extra_fields: Vec<(String, String)>,
    /// The capabilities of the endpoint.
    pub capabilities: Capabilities,
    /// How long an expected reaction may take.
    pub timeout: Duration,
    /// Whether the wire log of a report keeps all bytes, instead of the first and the last.
    pub keeps_whole_log: bool,
}

/// One second: an answer over loopback takes about a millisecond, and a loaded machine delays it by at most
/// some hundred. A runner tries a missed deadline again with four times as much.
const TIMEOUT: Duration = Duration::from_secs(1);

impl Default for Context {
    fn default() -> Self {
        Self {
            seed: 1,
            host: "127.0.0.1".to_owned(),
            resource: "/".to_owned(),
            extra_fields: Vec::new(),
            capabilities: Capabilities::default(),
            timeout: TIMEOUT,
            keeps_whole_log: false,
        }
    }
}

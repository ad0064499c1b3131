//! The settings of permessage-deflate (RFC 7692).

use super::Config;
use crate::handshake::{DeflateParams, Negotiated};

/// How a connection negotiates and uses permessage-deflate (RFC 7692).
///
/// ```
/// use websocket_proto::{Config, DeflateConfig, DeflateParams};
///
/// let mut limits = DeflateParams::new();
/// limits.server_context_takeover = false;
/// limits.client_window_bits = 12;
/// let deflate = DeflateConfig::new().limits(limits).level(1);
/// let config = Config::new().deflate(Some(deflate));
/// assert_eq!(config.deflate, Some(deflate));
/// ```
#[doc(alias("PermessageDeflate", "DeflateOptions", "CompressOptions"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeflateConfig {
    /// The largest windows that this endpoint agrees to, and whether it agrees to context takeover. Default:
    /// windows of 2^15 bytes, and takeover in both directions.
    ///
    /// The negotiated parameters can be smaller, but not larger, with one exception: a server can answer
    /// without the limits that a client has for its own messages. The client obeys them all the same. If a
    /// client does not offer to limit its window, a server with `client_window_bits` below 15 declines the
    /// extension.
    #[doc(alias = "max_window_bits")]
    pub limits: DeflateParams,
    /// The compression level: 0 (no compression: the output is a few bytes longer), 1 (fastest output) to 9
    /// (smallest output). Default: 6. A larger number counts as 9.
    pub level: u8,
    /// The shortest message that is compressed, in bytes. Default: 64.
    ///
    /// A shorter message is sent uncompressed, except if it is sent [in
    /// fragments](crate::Connection::send_fragment). With context takeover, a smaller value can be worth its
    /// time if messages are short and similar.
    #[doc(alias = "threshold")]
    pub min_len: u16,
}

impl Default for DeflateConfig {
    fn default() -> Self {
        Self::new()
    }
}

impl DeflateConfig {
    /// The default settings.
    #[must_use]
    pub const fn new() -> Self {
        // Level 6 is the default of zlib. Length 64: without context takeover, JSON of 42 bytes becomes 1 %
        // longer, of 56 bytes 3 % shorter, of 72 bytes 7 % shorter. With takeover, each becomes half as long.
        Self { limits: DeflateParams::new(), level: 6, min_len: 64 }
    }

    /// Sets [`limits`](Self#structfield.limits).
    #[must_use]
    pub const fn limits(self, limits: DeflateParams) -> Self {
        Self { limits, ..self }
    }

    /// Sets [`level`](Self#structfield.level).
    #[must_use]
    pub const fn level(self, level: u8) -> Self {
        Self { level, ..self }
    }

    /// Sets [`min_len`](Self#structfield.min_len).
    #[must_use]
    pub const fn min_len(self, min_len: u16) -> Self {
        Self { min_len, ..self }
    }
}

/// An `Option<DeflateConfig>` in four bytes, so that a `Connection` stays within 320 bytes.
///
/// ```text
///   bit 31      30 29                27..24  23..21        20..18        15..0
///       is some takeover of server,  level   bits - 8 of   bits - 8 of   min_len
///               and of client                the server    the client
/// ```
#[derive(Debug, Clone, Copy)]
pub(crate) struct PackedDeflate(u32);

impl PackedDeflate {
    pub(super) fn of(config: &Config) -> Self {
        let Some(DeflateConfig { limits, level, min_len }) = config.deflate else { return Self(0) };
        let limits = limits.in_range();
        // 8 to 15, by `in_range`.
        let bits = |bits: u8| u32::from(bits.saturating_sub(8) & 7);
        let flags = 1 << 31
            | u32::from(limits.server_context_takeover) << 30
            | u32::from(limits.client_context_takeover) << 29;
        let windows = bits(limits.server_window_bits) << 21 | bits(limits.client_window_bits) << 18;
        Self(flags | u32::from(level.min(9)) << 24 | windows | u32::from(min_len))
    }

    pub(crate) fn get(self) -> Option<DeflateConfig> {
        let is = |bit: u32| self.0 >> bit & 1 == 1;
        let bits = |from: u32| (self.0 >> from & 7) as u8 | 8;
        let mut limits = DeflateParams::new();
        (limits.server_context_takeover, limits.client_context_takeover) = (is(30), is(29));
        (limits.server_window_bits, limits.client_window_bits) = (bits(21), bits(18));
        is(31).then_some(DeflateConfig { limits, level: (self.0 >> 24 & 15) as u8, min_len: self.0 as u16 })
    }

    /// The extensions that this endpoint can agree to.
    pub(super) fn supported(self) -> Negotiated {
        self.get().map_or(Negotiated::new(), |deflate| Negotiated::new().with_deflate(deflate.limits))
    }
}

#[cfg(feature = "arbitrary")]
impl<'a> arbitrary::Arbitrary<'a> for DeflateConfig {
    fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        let mut limits = DeflateParams::new();
        limits.server_window_bits = u.int_in_range(8..=15)?;
        limits.client_window_bits = u.int_in_range(8..=15)?;
        limits.server_context_takeover = u.arbitrary()?;
        limits.client_context_takeover = u.arbitrary()?;
        Ok(Self {
            limits,
            level: u.int_in_range(0..=9)?,
            min_len: if u.arbitrary()? { 64 } else { u.arbitrary::<u8>()?.into() },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Config, DeflateConfig, DeflateParams};
    use crate::config::Settings;

    fn kept(deflate: Option<DeflateConfig>) -> Option<DeflateConfig> {
        Settings::from(Config { deflate, ..Config::default() }).deflate.get()
    }

    #[test]
    fn a_setter_changes_the_field_of_its_name() {
        let mut limits = DeflateParams::new();
        limits.server_window_bits = 9;
        let set = DeflateConfig::new().limits(limits).level(3).min_len(7);
        assert_eq!(set, DeflateConfig { limits, level: 3, min_len: 7 });
        assert_eq!(Config::new().deflate(Some(set)), Config { deflate: Some(set), ..Config::new() });
    }

    #[test]
    fn a_deflate_config_is_kept_unchanged() {
        assert_eq!(kept(None), None);
        assert_eq!(kept(Some(DeflateConfig::default())), Some(DeflateConfig::default()));
        let mut deflate = DeflateConfig::default();
        for windows in 0..64u8 {
            for flags in 0..4 {
                let (server_context_takeover, client_context_takeover) = (flags & 1 != 0, flags & 2 != 0);
                let (server_window_bits, client_window_bits) = (8 + windows % 8, 8 + windows / 8);
                deflate.limits = DeflateParams {
                    server_window_bits,
                    client_window_bits,
                    server_context_takeover,
                    client_context_takeover,
                };
                for level in 0..=9 {
                    for min_len in [0, 1, 64, 0x7FFF, 0x8000, u16::MAX] {
                        (deflate.level, deflate.min_len) = (level, min_len);
                        assert_eq!(kept(Some(deflate)), Some(deflate));
                    }
                }
            }
        }
        for min_len in 0..=u16::MAX {
            deflate.min_len = min_len;
            assert_eq!(kept(Some(deflate)), Some(deflate));
        }
    }

    #[test]
    fn numbers_out_of_range_count_as_the_nearest() {
        for (bits, nearest) in [(0, 8), (7, 8), (16, 15), (255, 15)] {
            for (level, most) in [(10, 9), (255, 9)] {
                let mut deflate = DeflateConfig { level, ..DeflateConfig::default() };
                (deflate.limits.server_window_bits, deflate.limits.client_window_bits) = (bits, bits);
                let mut expected = DeflateConfig { level: most, ..deflate };
                (expected.limits.server_window_bits, expected.limits.client_window_bits) = (nearest, nearest);
                assert_eq!(kept(Some(deflate)), Some(expected));
            }
        }
    }

    #[cfg(feature = "arbitrary")]
    #[test]
    fn an_arbitrary_deflate_config_takes_values_of_every_kind() {
        use alloc::collections::BTreeSet;
        use arbitrary::Arbitrary;

        let mut random = fastrand::Rng::with_seed(5);
        let (mut windows, mut takeovers, mut levels) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let mut min_lens = [0; 2];
        for _ in 0..1000 {
            let bytes: [u8; 64] = core::array::from_fn(|_| random.u8(..));
            let DeflateConfig { limits, level, min_len } =
                DeflateConfig::arbitrary(&mut arbitrary::Unstructured::new(&bytes)).expect("enough bytes");
            windows.insert((limits.server_window_bits, limits.client_window_bits));
            takeovers.insert((limits.server_context_takeover, limits.client_context_takeover));
            levels.insert(level);
            min_lens[usize::from(min_len == 64)] += 1;
        }
        assert_eq!((windows.len(), takeovers.len(), levels.len()), (64, 4, 10));
        assert!(min_lens.iter().all(|&count| count > 300), "{min_lens:?}");
    }
}

//! The two roles (§1.2), and the source of a client's masking keys (§5.3, §10.3).

use core::fmt;

/// The role of this endpoint in a connection: [`Server`] or [`Client`]. The trait is sealed.
pub trait Role: sealed::Sealed {}

/// The server: it reads masked frames and sends unmasked frames (§5.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Server;

impl Server {
    /// The role of a server.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

/// The client: it sends masked frames, each with a fresh key from `E`, and reads unmasked frames (§5.1).
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use websocket_proto::handshake::Negotiated;
/// use websocket_proto::{Client, Config, Connection};
///
/// # fn fill_from_the_os(bytes: &mut [u8]) { bytes.fill(7) }
/// // Any `FnMut(&mut [u8])` that fills the slice with unpredictable bytes.
/// let role = Client::new(|bytes: &mut [u8]| fill_from_the_os(bytes));
/// let mut client = Connection::established(role, Negotiated::new(), Config::default());
/// let mut out = Vec::new();
/// client.send_text("Hello", &mut out)?;
/// assert_eq!(out.len(), 2 + 4 + 5, "two bytes, the masking key, the payload");
/// # }
/// # Ok::<(), websocket_proto::SendError>(())
/// ```
///
/// A clone has a clone of `E`. If `E` is a seeded generator, both clients send the same keys, which §10.3
/// forbids. Clone a client for tests only.
#[derive(Clone)]
pub struct Client<E> {
    entropy: E,
}

impl<E: Entropy> Client<E> {
    /// The role of a client that takes its masking keys from `entropy`.
    #[must_use]
    pub const fn new(entropy: E) -> Self {
        Self { entropy }
    }

    /// §4.1: the nonce of 16 bytes, "selected randomly for each connection".
    pub(crate) fn nonce(&mut self) -> Result<[u8; 16], EntropyError> {
        let mut nonce = [0; 16];
        self.entropy.fill(&mut nonce)?;
        Ok(nonce)
    }
}

impl<E> fmt::Debug for Client<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

impl Role for Server {}
impl<E: Entropy> Role for Client<E> {}

/// A source of unpredictable bytes: a cryptographically secure generator, or the operating system's.
///
/// A client takes 16 bytes for its handshake and 4 bytes for every frame (§5.3: the masking key "needs to be
/// unpredictable"). There is no default source. These types implement `Entropy`:
///
/// * every `FnMut(&mut [u8])` that fills the slice,
/// * `OsEntropy`, the generator of the operating system (feature `getrandom`),
/// * `RngEntropy`, any generator that implements `TryCryptoRng` (feature `rand_core`).
///
/// ```
/// use websocket_proto::{Entropy, EntropyError};
///
/// /// A hardware generator that can fail.
/// struct Hardware;
/// # impl Hardware { fn read(&mut self) -> Option<u8> { Some(7) } }
///
/// impl Entropy for Hardware {
///     fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
///         for byte in bytes {
///             *byte = self.read().ok_or(EntropyError)?;
///         }
///         Ok(())
///     }
/// }
/// # let mut key = [0; 4];
/// # assert_eq!((Hardware.fill(&mut key), key), (Ok(()), [7; 4]));
/// ```
#[doc(alias("CryptoRng", "RngCore", "random", "masking key"))]
pub trait Entropy {
    /// Fills all of `bytes`.
    ///
    /// # Errors
    /// If the source has no unpredictable bytes. The connection then does not send the frame.
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError>;
}

impl<F: FnMut(&mut [u8])> Entropy for F {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        self(bytes);
        Ok(())
    }
}

/// The random number generator of the operating system.
///
/// It takes one system call for each frame. For many small frames, a generator that is seeded from it is
/// faster: see `RngEntropy` (feature `rand_core`).
///
/// On `wasm32-unknown-unknown`, the program must enable the feature `wasm_js` of the crate `getrandom`.
#[cfg(feature = "getrandom")]
#[doc(alias("OsRng", "SysRng"))]
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct OsEntropy;

#[cfg(feature = "getrandom")]
impl OsEntropy {
    /// The generator of the operating system.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

#[cfg(feature = "getrandom")]
impl Entropy for OsEntropy {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        getrandom::fill(bytes).map_err(|_| EntropyError)
    }
}

/// A generator of [rand_core](https://docs.rs/rand_core), such as `StdRng` of the crate rand, as a source
/// of masking keys.
///
/// ```
/// use websocket_proto::{Client, RngEntropy};
/// # use websocket_proto::Entropy;
/// # use rand_core::{Infallible, TryCryptoRng, TryRng};
/// # struct StdRng(u8);
/// # impl StdRng { fn seeded_by_the_os() -> Self { Self(0) } }
/// # impl TryRng for StdRng {
/// #     type Error = Infallible;
/// #     fn try_next_u32(&mut self) -> Result<u32, Infallible> { Ok(0) }
/// #     fn try_next_u64(&mut self) -> Result<u64, Infallible> { Ok(0) }
/// #     fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> { Ok(bytes.fill(7)) }
/// # }
/// # impl TryCryptoRng for StdRng {}
///
/// let role = Client::new(RngEntropy::new(StdRng::seeded_by_the_os()));
/// # let mut key = [0; 4];
/// # assert_eq!((RngEntropy::new(StdRng::seeded_by_the_os()).fill(&mut key), key), (Ok(()), [7; 4]));
/// ```
#[cfg(feature = "rand_core")]
#[doc(alias("CryptoRng", "RngCore", "rand"))]
#[derive(Clone)]
pub struct RngEntropy<T>(T);

#[cfg(feature = "rand_core")]
impl<T: rand_core::TryCryptoRng> RngEntropy<T> {
    /// A source that takes its bytes from `rng`.
    #[must_use]
    pub const fn new(rng: T) -> Self {
        Self(rng)
    }
}

#[cfg(feature = "rand_core")]
impl<T: rand_core::TryCryptoRng> Entropy for RngEntropy<T> {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        self.0.try_fill_bytes(bytes).map_err(|_| EntropyError)
    }
}

/// Without the state of the generator, which would reveal the masking keys.
#[cfg(feature = "rand_core")]
impl<T> fmt::Debug for RngEntropy<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RngEntropy").finish_non_exhaustive()
    }
}

/// An [`Entropy`] failed to fill the bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "implementers of Entropy build it")]
pub struct EntropyError;

impl fmt::Display for EntropyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the source of random bytes failed")
    }
}

impl core::error::Error for EntropyError {}

pub(crate) mod sealed {
    use super::{Client, Entropy, EntropyError, Server};

    /// The differences between the roles.
    #[expect(unnameable_types, reason = "sealed")]
    pub trait Sealed {
        /// §5.1: frames of a client are masked, frames of a server are not.
        const IS_SERVER: bool;

        /// The masking key of the next frame to send; `None` for a server.
        fn masking_key(&mut self) -> Result<Option<[u8; 4]>, EntropyError>;
    }

    impl Sealed for Server {
        const IS_SERVER: bool = true;

        #[inline]
        fn masking_key(&mut self) -> Result<Option<[u8; 4]>, EntropyError> {
            Ok(None)
        }
    }

    impl<E: Entropy> Sealed for Client<E> {
        const IS_SERVER: bool = false;

        #[inline]
        fn masking_key(&mut self) -> Result<Option<[u8; 4]>, EntropyError> {
            // §5.3: "fresh for each frame"
            let mut key = [0; 4];
            self.entropy.fill(&mut key)?;
            Ok(Some(key))
        }
    }
}

#[cfg(all(test, feature = "rand_core"))]
mod tests {
    use rand_core::{TryCryptoRng, TryRng};

    use super::sealed::Sealed;
    use super::{Client, EntropyError, RngEntropy};

    /// Counts bytes, and fails when it has no more.
    struct Bytes(core::ops::RangeInclusive<u8>);

    impl TryRng for Bytes {
        type Error = EntropyError;

        fn try_next_u32(&mut self) -> Result<u32, EntropyError> {
            Err(EntropyError)
        }

        fn try_next_u64(&mut self) -> Result<u64, EntropyError> {
            Err(EntropyError)
        }

        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
            bytes.iter_mut().try_for_each(|byte| self.0.next().map(|next| *byte = next).ok_or(EntropyError))
        }
    }

    impl TryCryptoRng for Bytes {}

    /// §5.3: "fresh for each frame"
    #[test]
    fn s5_3_masking_keys_come_from_the_generator_and_its_failure_is_an_error() {
        let mut client = Client::new(RngEntropy::new(Bytes(1..=10)));
        assert_eq!(client.masking_key(), Ok(Some([1, 2, 3, 4])));
        assert_eq!(client.masking_key(), Ok(Some([5, 6, 7, 8])));
        assert_eq!(client.masking_key(), Err(EntropyError));
        assert_eq!(format!("{:?}", RngEntropy::new(Bytes(1..=10))), "RngEntropy { .. }");
    }
}

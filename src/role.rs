//! The two roles (§1.2) and where a client's masking keys come from (§5.3, §10.3).

use core::fmt;

/// Which end of the connection this endpoint is: [`Server`] or [`Client`]. Sealed.
pub trait Role: sealed::Sealed {}

/// The server: reads masked frames, sends unmasked ones (§5.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Server;

impl Server {
    /// The role.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

/// The client: sends masked frames, each with a key of its own out of `E`; reads unmasked ones (§5.1).
///
/// A clone takes its keys from a clone of `E`. Where that is a seeded generator, both send the same keys,
/// which §10.3 forbids: clone to test, not to send.
#[derive(Clone)]
pub struct Client<E> {
    entropy: E,
}

impl<E: Entropy> Client<E> {
    /// The role, with this source of masking keys.
    #[must_use]
    pub const fn new(entropy: E) -> Self {
        Self { entropy }
    }

    /// §4.1: a nonce of 16 bytes, "selected randomly for each connection".
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

/// A source of bytes that nobody can predict: a cryptographically secure generator, or the operating
/// system's.
///
/// A client takes 16 bytes for its handshake and 4 for every frame (§5.3: the masking key "needs to be
/// unpredictable"). There is no default source. Any `FnMut(&mut [u8])` is one; `OsEntropy` (feature
/// `getrandom`) is another.
pub trait Entropy {
    /// Fills all of `bytes`.
    ///
    /// # Errors
    /// Where there are no such bytes; what was to be sent is then not sent.
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError>;
}

impl<F: FnMut(&mut [u8])> Entropy for F {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        self(bytes);
        Ok(())
    }
}

/// The operating system's random numbers. One system call a frame: for many small frames, a generator seeded
/// from it is faster.
#[cfg(feature = "getrandom")]
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct OsEntropy;

#[cfg(feature = "getrandom")]
impl OsEntropy {
    /// The source.
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

/// The source of random bytes failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "implementers of Entropy build it")]
pub struct EntropyError;

impl fmt::Display for EntropyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no random bytes to be had")
    }
}

impl core::error::Error for EntropyError {}

pub(crate) mod sealed {
    use super::{Client, Entropy, EntropyError, Server};

    /// What a role decides.
    #[expect(unnameable_types, reason = "sealed")]
    pub trait Sealed {
        /// §5.1: frames of a client are masked, frames of a server are not.
        const IS_SERVER: bool;

        /// The key for the next frame to send.
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

//! The texts of the errors.

/// Implements `Display` and `Error`, and with `std` the conversion to `io::Error`.
macro_rules! display {
    ($($error:ident { $($variant:ident => $text:literal,)* })*) => {$(
        impl $error {
            pub(crate) const fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl fmt::Display for $error {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.text())
            }
        }

        impl core::error::Error for $error {}

        #[cfg(feature = "std")]
        impl From<$error> for std::io::Error {
            fn from(error: $error) -> Self {
                Self::new(display!(@kind $error), error)
            }
        }
    )*};
    (@kind ProtocolError) => { std::io::ErrorKind::InvalidData };
    (@kind HandshakeError) => { std::io::ErrorKind::InvalidData };
    (@kind Timeout) => { std::io::ErrorKind::TimedOut };
    (@kind $caller:ident) => { std::io::ErrorKind::InvalidInput };
}
pub(crate) use display;

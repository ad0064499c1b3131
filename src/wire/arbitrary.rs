//! Values for fuzzers of endpoints: each type takes all its values.

use arbitrary::{Arbitrary, Result, Unstructured};

use super::{
    CloseCode, CloseFrame, LengthForm, MAX_CLOSE_REASON, MessageKind, Opcode, RawFrameHeader, ReservedBits,
};

impl<'a> Arbitrary<'a> for Opcode {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let all = [Self::Continuation, Self::Text, Self::Binary, Self::Close, Self::Ping, Self::Pong];
        u.choose(&all).copied()
    }
}

impl<'a> Arbitrary<'a> for MessageKind {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        u.choose(&[Self::Text, Self::Binary]).copied()
    }
}

/// The registered codes are as frequent as all others together.
impl<'a> Arbitrary<'a> for CloseCode {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let range = u.choose(&[1000..=1003, 1007..=1014, 3000..=3999, 4000..=4999])?.clone();
        Self::new(u.int_in_range(range)?).ok_or(arbitrary::Error::IncorrectFormat)
    }
}

/// The reason has at most [`MAX_CLOSE_REASON`] bytes.
impl<'a> Arbitrary<'a> for CloseFrame<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let (code, reason) = (u.arbitrary()?, <&str>::arbitrary(u)?);
        let end = (0..=MAX_CLOSE_REASON).rev().find_map(|end| reason.get(..end));
        Ok(Self { code, reason: end.unwrap_or(reason) })
    }
}

impl<'a> Arbitrary<'a> for ReservedBits {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        u.arbitrary().map(Self::from_first_byte)
    }
}

impl<'a> Arbitrary<'a> for LengthForm {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        u.choose(&[Self::Minimal, Self::Bits7, Self::Bits16, Self::Bits64]).copied()
    }
}

/// Any header, legal or not. Short payloads and the boundaries of the length forms are frequent.
impl<'a> Arbitrary<'a> for RawFrameHeader {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let most = *u.choose(&[125, 126, 0xFFFF, 0x1_0000, u64::MAX])?;
        Ok(Self {
            fin: u.arbitrary()?,
            reserved: u.arbitrary()?,
            opcode: u.int_in_range(0x0..=0xF)?,
            masking_key: u.arbitrary()?,
            payload_len: if u.arbitrary()? { most } else { u.int_in_range(0..=most)? },
            length_form: u.arbitrary()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{
        Arbitrary, CloseCode, CloseFrame, LengthForm, MessageKind, Opcode, RawFrameHeader, ReservedBits,
        Unstructured,
    };

    /// Values out of random bytes.
    fn values<T: for<'a> Arbitrary<'a>>() -> impl Iterator<Item = T> {
        let mut random = fastrand::Rng::with_seed(4);
        (0..20_000).filter_map(move |_| {
            let bytes: [u8; 64] = core::array::from_fn(|_| random.u8(..));
            T::arbitrary(&mut Unstructured::new(&bytes)).ok()
        })
    }

    #[test]
    fn arbitrary_takes_values_of_every_kind() {
        assert_eq!(values::<Opcode>().collect::<HashSet<_>>().len(), 6);
        assert_eq!(values::<MessageKind>().collect::<HashSet<_>>().len(), 2);
        assert_eq!(values::<LengthForm>().collect::<HashSet<_>>().len(), 4);
        assert_eq!(values::<ReservedBits>().collect::<HashSet<_>>().len(), 8);
        let codes = values::<CloseCode>().map(CloseCode::get).collect::<HashSet<_>>();
        assert!([1000, 1003, 1007, 1014].iter().all(|code| codes.contains(code)));
        assert!(codes.iter().any(|code| (3000..4000).contains(code)));
        assert!(codes.iter().any(|code| (4000..5000).contains(code)));
    }

    #[test]
    fn arbitrary_headers_are_legal_and_illegal() {
        let legal = |header: &RawFrameHeader| crate::wire::FrameHeader::parse(&header.encode()).is_ok();
        let (legal, illegal): (Vec<_>, Vec<_>) = values::<RawFrameHeader>().partition(legal);
        assert!(legal.len() > 1000 && illegal.len() > 1000, "{} and {}", legal.len(), illegal.len());
    }

    #[test]
    fn an_arbitrary_close_frame_can_be_encoded() {
        let bytes = [b'a'; 400];
        for len in 0..bytes.len() {
            if let Ok(frame) = CloseFrame::arbitrary_take_rest(Unstructured::new(&bytes[..len])) {
                assert!(frame.encode().is_some(), "{frame:?}");
            }
        }
    }
}

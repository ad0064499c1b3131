//! The symbols of a block: literals and back-references (RFC 1951 §3.2.3).

use super::alphabets::{DISTANCE_INDEX_BITS, LITERAL_INDEX_BITS};
use super::bits::{Bits, Reader};
use super::codes::{Entry, look_up};
use super::output::{Corrupt, Output, Stop, copy_back};

/// The two codes of a block.
#[derive(Clone, Copy)]
pub(super) struct Codes<'t> {
    pub(super) literals: &'t [Entry],
    pub(super) distances: &'t [Entry],
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct BackReference {
    pub(super) length: u16,
    pub(super) distance: u16,
}

/// A symbol, with its extra bits and its distance.
enum Symbol {
    Literal(u8),
    Copy(BackReference),
    EndOfBlock,
}

/// A length has a code of at most 15 bits and 5 extra bits, and a distance one of 15 bits and 13 extra bits.
const MAX_SYMBOL_BITS: u32 = 48;

/// The room that [`Codes::decode_many`] needs: three literals.
const MANY_ROOM: usize = 3;
/// The input that it needs: it fills the bits twice, with eight bytes at hand each time.
const MANY_INPUT: usize = 16;

impl Codes<'_> {
    /// Decodes until the block ends. `copy` is the rest of a back-reference for which the output had no room;
    /// its length is 0 if there is none.
    pub(super) fn decode(
        self,
        copy: &mut BackReference,
        reader: &mut Reader<'_>,
        output: &mut Output<'_>,
    ) -> Result<(), Stop> {
        loop {
            if copy.length > 0 {
                // `copy_back` copies at most `length` bytes.
                copy.length = copy.length.saturating_sub(output.copy_back(copy.length, copy.distance)?);
                // The output is full, as the next check says, too: without this one, a short stream takes 3 %
                // more instructions.
                if copy.length != 0 {
                    return Err(Stop::OutputFull);
                }
                self.decode_many(reader, output);
            }
            if output.is_full() {
                return Err(Stop::OutputFull);
            }
            // An incomplete symbol stays in the bits: all input is consumed then.
            reader.fill_to(MAX_SYMBOL_BITS);
            match self.read_symbol(&mut reader.bits)? {
                Symbol::Literal(byte) => {
                    output.push(byte);
                    self.decode_many(reader, output);
                }
                Symbol::Copy(symbol) => *copy = symbol,
                Symbol::EndOfBlock => return Ok(()),
            }
        }
    }

    /// Decodes literals and back-references while input and room suffice for any of them. Stops before any
    /// other symbol. Out of line, because an empty block does without it.
    #[inline(never)]
    fn decode_many(self, reader: &mut Reader<'_>, output: &mut Output<'_>) {
        // Local copies, which the compiler keeps in registers.
        let (mut input, mut end) = (*reader, output.end);
        let (limit, wrapped) = (output.limit, output.wrapped);
        let window = &mut *output.window;
        while limit.saturating_sub(end) >= MANY_ROOM && input.rest().len() >= MANY_INPUT {
            input.fill_at_once();
            let mut entry = self.literal(input.bits);
            if entry.is_literal() {
                push(window, &mut end, &mut input.bits, entry);
                entry = self.literal(input.bits);
                if entry.is_literal() {
                    push(window, &mut end, &mut input.bits, entry);
                    entry = self.literal(input.bits);
                    // Three codes have at most 45 bits.
                    if entry.is_literal() {
                        push(window, &mut end, &mut input.bits, entry);
                        continue;
                    }
                }
                input.fill_at_once();
            }
            let before = input.bits;
            // At most `MAX_SYMBOL_BITS`.
            let Some(BackReference { length, distance }) = self.read_copy(&mut input.bits, entry) else {
                input.bits = before;
                break;
            };
            let fits = usize::from(length) <= limit.saturating_sub(end);
            if !fits || copy_back(window, end, length.into(), distance.into(), wrapped).is_none() {
                input.bits = before;
                break;
            }
            end = end.wrapping_add(length.into());
        }
        (*reader, output.end) = (input, end);
    }

    #[inline(always)]
    fn literal(self, bits: Bits) -> Entry {
        look_up::<LITERAL_INDEX_BITS>(self.literals, bits.peek())
    }

    /// Removes a back-reference that begins with this length; all its bits are there. `None` if it is none.
    #[inline(always)]
    fn read_copy(self, bits: &mut Bits, entry: Entry) -> Option<BackReference> {
        if !entry.is_base() {
            return None;
        }
        let length = remove_value(bits, entry);
        let entry = look_up::<DISTANCE_INDEX_BITS>(self.distances, bits.peek());
        entry.is_base().then(|| BackReference { length, distance: remove_value(bits, entry) })
    }

    /// Removes the next symbol. If some of its bits are missing, no bit is removed.
    fn read_symbol(self, bits: &mut Bits) -> Result<Symbol, Stop> {
        let mut rest = *bits;
        let entry = self.literal(rest);
        let symbol = if entry.is_base() {
            let length = checked_value(&mut rest, entry)?;
            let entry = look_up::<DISTANCE_INDEX_BITS>(self.distances, rest.peek());
            Symbol::Copy(BackReference { length, distance: checked_value(&mut rest, entry)? })
        } else {
            let value = checked_value(&mut rest, entry)?;
            if entry.is_literal() { Symbol::Literal(value as u8) } else { Symbol::EndOfBlock }
        };
        *bits = rest;
        Ok(symbol)
    }
}

/// Writes a literal and removes its code.
#[inline(always)]
fn push(window: &mut [u8], end: &mut usize, bits: &mut Bits, entry: Entry) {
    bits.skip(entry.code_bits());
    if let Some(slot) = window.get_mut(*end) {
        *slot = entry.value() as u8;
    }
    *end = end.wrapping_add(1);
}

/// Removes the code of an entry and its extra bits, which are all there.
#[inline(always)]
const fn remove_value(bits: &mut Bits, entry: Entry) -> u16 {
    bits.skip(entry.code_bits());
    // At most 2^15.
    entry.value().wrapping_add(bits.remove(entry.extra_bits()) as u16)
}

/// The same for a code that may be incomplete or without a meaning.
fn checked_value(bits: &mut Bits, entry: Entry) -> Result<u16, Stop> {
    let needed = if entry.is_invalid() { entry.code_bits() } else { entry.all_bits() };
    if bits.count() < needed {
        return Err(Stop::NeedsInput);
    }
    if entry.is_invalid() { Err(Corrupt.into()) } else { Ok(remove_value(bits, entry)) }
}

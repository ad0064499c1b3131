//! The firmware of a device without an operating system: its memory, its transport and its clock.
//!
//! A serial line connects the device to a network chip that runs TCP. The startup code (vector table, clocks)
//! is that of your board, for instance of the crate cortex-m-rt. `../sizes` builds and measures the program.
#![no_std]
#![no_main]

mod echo;

use core::mem::MaybeUninit;
use core::panic::PanicInfo;
use core::ptr::addr_of_mut;
use core::time::Duration;

use echo::{Echo, Ended, INPUT, OUTPUT, Transport};

// The registers of an STM32F4.
const USART1_SR: *const u32 = 0x4001_1000 as *const u32;
const USART1_DR: *mut u32 = 0x4001_1004 as *mut u32;
const RXNE: u32 = 1 << 5;
const TXE: u32 = 1 << 7;
/// It counts milliseconds. After 49 days it starts again, and the deadlines of the connection are wrong once.
const TIM2_CNT: *const u32 = 0x4000_0024 as *const u32;

// All memory except the stack. `sizes` prints the length of these symbols.
#[unsafe(no_mangle)]
static mut BUFFERS: ([u8; INPUT], [u8; OUTPUT]) = ([0; INPUT], [0; OUTPUT]);
#[unsafe(no_mangle)]
static mut CONNECTION: MaybeUninit<Echo<'static>> = MaybeUninit::uninit();

#[unsafe(no_mangle)]
extern "C" fn _start() -> ! {
    loop {
        // SAFETY: only this line uses the statics, and the `Echo` of the last turn is no longer used.
        let ((input, output), place) =
            unsafe { (&mut *addr_of_mut!(BUFFERS), &mut *addr_of_mut!(CONNECTION)) };
        let echo = place.write(Echo::new(input, output));
        while echo.poll(&mut Serial, now()).is_ok() {} // a device on a battery would wait for an interrupt
    }
}

fn now() -> Duration {
    // SAFETY: a register that can be read at any time.
    Duration::from_millis(unsafe { TIM2_CNT.read_volatile() }.into())
}

struct Serial;

impl Serial {
    fn is(&self, status: u32) -> bool {
        // SAFETY: a register that can be read at any time.
        unsafe { USART1_SR.read_volatile() & status != 0 }
    }
}

impl Transport for Serial {
    fn read(&mut self, space: &mut [u8]) -> Result<usize, Ended> {
        let mut count = 0;
        for byte in space.iter_mut().take_while(|_| self.is(RXNE)) {
            // SAFETY: the register has a byte.
            *byte = unsafe { USART1_DR.read_volatile() } as u8;
            count += 1;
        }
        Ok(count)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize, Ended> {
        let mut count = 0;
        for byte in bytes.iter().take_while(|_| self.is(TXE)) {
            // SAFETY: the register has room for a byte.
            unsafe { USART1_DR.write_volatile((*byte).into()) };
            count += 1;
        }
        Ok(count)
    }

    /// A serial line has no end: the deadline of `Echo` ends each connection.
    fn shutdown(&mut self) {}
}

/// No input makes the crate panic, so this is for the rest of the firmware.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}

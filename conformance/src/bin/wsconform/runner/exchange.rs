//! The loop around a driver: fulfils its wants over TCP.

use std::io::ErrorKind;

use tokio::io::{AsyncWriteExt as _, Interest};
use tokio::net::TcpStream;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until};
use wsconform::{Driver, End, Report, Want};

use super::connector::{Arrival, Connector};

/// A connection with the endpoint.
struct Link {
    stream: TcpStream,
    /// The driver wants to read.
    is_reading: bool,
    is_ended: bool,
}

/// The result of one write.
enum Written {
    Bytes(usize),
    Nothing,
    Failed,
}

/// Reads of this size keep up with an endpoint that writes 16 MiB.
const READ: usize = 64 * 1024;
/// Reads in a row, before another connection gets its turn.
const READS: usize = 8;

/// Runs a driver to its end; calls `released` when the verdict is there.
pub(crate) async fn exchange(mut driver: Driver, connector: &Connector, released: impl FnOnce()) -> Report {
    let start = Instant::now();
    let mut released = Some(released);
    let mut link: Option<Link> = None;
    let mut buffer = vec![0; READ];
    loop {
        // Bytes that the endpoint wrote before a reset count, so reading comes first.
        if let Some(link) = &mut link {
            if link.read(&mut driver, &mut buffer, start) {
                yield_now().await;
            }
        }
        match driver.next(start.elapsed()) {
            Want::Connect => {
                drop(link.take());
                link = connect(&mut driver, connector, start).await;
            }
            Want::Write { bytes, until } => {
                let written = match &link {
                    Some(link) => link.write(bytes, start + until).await,
                    None => Written::Failed,
                };
                match written {
                    Written::Bytes(count) => {
                        driver.wrote(start.elapsed(), count);
                        yield_now().await;
                    }
                    Written::Nothing => {}
                    Written::Failed => driver.write_failed(),
                }
            }
            Want::HalfClose => half_close(&mut link).await,
            Want::Reset => reset(link.take()),
            Want::StopReading => set_reading(&mut link, false),
            Want::Read => set_reading(&mut link, true),
            Want::Wait { until } => tokio::select! {
                biased;
                () = connector.redirected() => driver.redirected(),
                () = wait_for_bytes(link.as_ref(), start + until) => {}
            },
            Want::Release => {
                if let Some(released) = released.take() {
                    released();
                }
            }
            Want::Done => return driver.report(),
            // A want of a newer library.
            _ => yield_now().await,
        }
    }
}

async fn connect(driver: &mut Driver, connector: &Connector, start: Instant) -> Option<Link> {
    let Some(Arrival { stream, bytes }) = connector.connect().await else {
        driver.not_connected(start.elapsed());
        return None;
    };
    // A split write is a packet for each part.
    let _ = stream.set_nodelay(true);
    driver.connected(start.elapsed());
    if !bytes.is_empty() {
        driver.received(start.elapsed(), &bytes);
    }
    Some(Link { stream, is_reading: true, is_ended: false })
}

async fn half_close(link: &mut Option<Link>) {
    if let Some(link) = link {
        // An error shows in the next read.
        let _ = link.stream.shutdown().await;
    }
}

fn reset(link: Option<Link>) {
    if let Some(link) = link {
        let _ = link.stream.set_zero_linger();
    }
}

async fn wait_for_bytes(link: Option<&Link>, until: Instant) {
    match link {
        Some(link) if link.is_reading && !link.is_ended => link.wait_for(until, Interest::READABLE).await,
        _ => sleep_until(until).await,
    }
}

fn set_reading(link: &mut Option<Link>, is_reading: bool) {
    if let Some(link) = link {
        link.is_reading = is_reading;
    }
}

impl Link {
    /// Reads. Returns whether there may be more.
    fn read(&mut self, driver: &mut Driver, buffer: &mut [u8], start: Instant) -> bool {
        for _ in 0..READS {
            if !self.is_reading || self.is_ended {
                return false;
            }
            let end = match self.stream.try_read(buffer) {
                Ok(0) => End::Eof,
                Ok(count) => {
                    driver.received(start.elapsed(), buffer.get(..count).unwrap_or_default());
                    continue;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => End::Reset,
            };
            self.is_ended = true;
            driver.ended(start.elapsed(), end);
        }
        true
    }

    /// Writes once; if the transport accepts nothing, waits for it until this time.
    async fn write(&self, bytes: &[u8], until: Instant) -> Written {
        match self.stream.try_write(bytes) {
            Ok(count) => Written::Bytes(count),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.wait(until, Interest::WRITABLE).await;
                Written::Nothing
            }
            Err(_) => Written::Failed,
        }
    }

    async fn wait(&self, until: Instant, interest: Interest) {
        let is_reading = self.is_reading && !self.is_ended;
        self.wait_for(until, if is_reading { interest | Interest::READABLE } else { interest }).await;
    }

    async fn wait_for(&self, until: Instant, interest: Interest) {
        tokio::select! {
            biased;
            _ = self.stream.ready(interest) => {}
            () = sleep_until(until) => {}
        }
    }
}

//! Measures and checks the peers. See README.md; `wsbench help` lists the commands.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Command;
use std::time::Instant;
use wsbench::workload::{self, Kind, Workload};
use wsbench::{Eat, Job, Peer, io, peers, wire};

const HELP: &str = "\
wsbench list                            peers, workloads, notes
wsbench check [PEERS]                   correctness only
wsbench bench [--peers A,B] [--workloads W1,W5/echo] [--rounds N] [--ms N]
              [--label TEXT] [--ext NAME=PROGRAM]... [--out FILE]
                                        JSON lines; every peer is checked first; rounds interleave
wsbench summary FILE... [--ref PEER] [--label TEXT]
                                        tables of medians, ratio to PEER
wsbench overview FILE... [--label TEXT] one line for each workload: ours, the fastest peers, the floors
wsbench instr [--peers A,B] [--workloads W1,...] [--out FILE]
                                        instructions for each message by callgrind (N and 2N messages, subtracted)
wsbench run PEER WORKLOAD N             N messages, nothing else (for callgrind, perf)
wsbench sample PEER WORKLOAD MS         one round: prints MSGS NANOSECONDS (what --ext programs do)
PEERS and WORKLOADS are comma lists; a workload is named by any prefix or part of its name.";

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let rest = args.get(1..).unwrap_or(&[]);
    match args.first().map(String::as_str) {
        Some("list") => list(),
        Some("check") => {
            let o = Opts::parse(&[vec!["--peers".into()], rest.to_vec()].concat());
            check_all(&o);
        }
        Some("bench") => bench(&Opts::parse(rest)),
        Some("summary") => summary(&Opts::parse(rest)),
        Some("instr") => instr(&Opts::parse(rest)),
        Some("overview") => overview(&Opts::parse(rest)),
        Some("sample") => sample_one(&rest[0], &rest[1], rest[2].parse().unwrap()),
        Some("run") => run_one(&rest[0], &rest[1], rest[2].parse().unwrap()),
        _ => println!("{HELP}"),
    }
}

#[derive(Default)]
struct Opts {
    peers: Vec<String>,
    workloads: Vec<String>,
    rounds: usize,
    ms: u64,
    label: String,
    out: Option<String>,
    reference: String,
    ext: Vec<(String, String)>,
    files: Vec<String>,
}

impl Opts {
    fn parse(a: &[String]) -> Opts {
        let mut o = Opts { rounds: 9, ms: 15, reference: "ours".into(), ..Opts::default() };
        let mut it = a.iter();
        let list = |s: &String| s.split(',').filter(|s| !s.is_empty()).map(str::to_string).collect();
        while let Some(k) = it.next() {
            let mut val = || it.next().cloned().unwrap_or_default();
            match k.as_str() {
                "--peers" => o.peers = list(&val()),
                "--workloads" => o.workloads = list(&val()),
                "--rounds" => o.rounds = val().parse().unwrap(),
                "--ms" => o.ms = val().parse().unwrap(),
                "--label" => o.label = val(),
                "--out" => o.out = Some(val()),
                "--ref" => o.reference = val(),
                "--ext" => {
                    let v = val();
                    let (n, p) = v.split_once('=').expect("--ext NAME=PROGRAM");
                    o.ext.push((n.into(), p.into()));
                }
                f => o.files.push(f.into()),
            }
        }
        o
    }
    fn peers(&self) -> Vec<Box<dyn Peer>> {
        let all = peers::all();
        for p in &self.peers {
            assert!(all.iter().any(|q| q.name() == p), "no peer {p}");
        }
        all.into_iter()
            .filter(|p| self.peers.is_empty() || self.peers.iter().any(|n| n == p.name()))
            .collect()
    }
    fn workloads(&self) -> Vec<(&'static str, String)> {
        workload::all()
            .into_iter()
            .filter(|(_, n)| {
                self.workloads.is_empty() || self.workloads.iter().any(|p| n.contains(p.as_str()))
            })
            .collect()
    }
}

fn list() {
    println!("peers:");
    for p in peers::all() {
        println!("  {:18} {}", p.name(), p.note());
    }
    println!("workloads:");
    for (_, n) in workload::all() {
        println!("  {n}");
    }
}

// --- correctness ---------------------------------------------------------------

/// Runs a peer over slightly more than the whole wire and compares every byte.
fn check(p: &dyn Peer, w: &Workload) -> Result<bool, String> {
    if p.name().starts_with('=') && matches!(w.kind, Kind::HsClient) {
        return Ok(true);
    }
    let Some(mut job) = p.job(w, true) else { return Ok(false) };
    io::take_captured();
    let lap = w.payloads.len().max(1) as u64;
    let n = if w.size >= 1 << 20 { lap } else { lap + 3 }.min(300);
    let mut eat = Eat::checking();
    job.run(n, &mut eat);
    let wrote = io::take_captured();
    let expect = |count: u64| {
        let mut e = Eat::checking();
        for i in 0..count {
            e.eat(w.text, w.payloads[(i % w.payloads.len() as u64) as usize]);
        }
        e
    };
    if matches!(w.kind, Kind::Recv | Kind::Inflate | Kind::Echo | Kind::Deflate | Kind::DeflateNct) {
        if eat.msgs < n {
            return Err(format!("{} messages of {n}", eat.msgs));
        }
        let e = expect(eat.msgs);
        if (eat.sum, eat.bytes) != (e.sum, e.bytes) {
            return Err(format!("received payloads differ ({} of {} bytes)", eat.bytes, e.bytes));
        }
    }
    if matches!(w.kind, Kind::Echo | Kind::SendServer | Kind::SendClient | Kind::Deflate | Kind::DeflateNct) {
        let want = if w.kind == Kind::Echo || matches!(w.kind, Kind::Deflate | Kind::DeflateNct) {
            eat.msgs
        } else {
            n
        };
        let mut got = Eat::checking();
        let mut keys = std::collections::HashSet::new();
        let mut z = flate2::Decompress::new_with_window_bits(false, 15);
        let mut at = 0;
        for f in wire::decode_all(&wrote) {
            let op = if w.text { 1 } else { 2 };
            if f.masked != (w.kind == Kind::SendClient) {
                return Err("mask bit wrong".into());
            }
            if f.masked && f.payload.len() >= 4 {
                keys.insert(at);
            }
            at += 1;
            match w.kind {
                Kind::Deflate | Kind::DeflateNct => {
                    if f.b0 != 0xC1 {
                        return Err(format!("reply not compressed: {:02x}", f.b0));
                    }
                    if w.kind == Kind::DeflateNct {
                        z.reset(false);
                    }
                    let mut o = Vec::with_capacity(1 << 16);
                    let mut p = f.payload.clone();
                    p.extend_from_slice(&[0, 0, 0xFF, 0xFF]);
                    z.decompress_vec(&p, &mut o, flate2::FlushDecompress::Sync)
                        .map_err(|e| format!("reply does not inflate: {e}"))?;
                    got.eat(true, &o);
                }
                _ => {
                    // A sender may fragment a large message.
                    if f.b0 & 0x0F != 0 && f.b0 & 0x0F != op {
                        return Err(format!("opcode {:02x}", f.b0));
                    }
                    got.part(&f.payload);
                    if f.b0 & 0x80 != 0 {
                        got.end(w.text);
                    }
                }
            }
        }
        let e = expect(want);
        if (got.msgs, got.sum, got.bytes) != (want, e.sum, e.bytes) {
            return Err(format!(
                "sent payloads differ: {} messages of {want}, {} bytes of {}",
                got.msgs, got.bytes, e.bytes
            ));
        }
    }
    if w.kind == Kind::HsServer {
        let mut h = [httparse::EMPTY_HEADER; 16];
        let mut r = httparse::Response::new(&mut h);
        r.parse(&wrote).map_err(|e| e.to_string())?;
        if r.code != Some(101) {
            return Err(format!("status {:?}", r.code));
        }
        if !r
            .headers
            .iter()
            .any(|h| h.name.eq_ignore_ascii_case("sec-websocket-accept") && h.value == wire::CHROME_ACCEPT)
        {
            return Err("accept value wrong".into());
        }
    }
    Ok(true)
}

fn check_all(o: &Opts) {
    let peers = o.peers();
    let mut bad = 0;
    let (mut done, mut skipped) = (0, 0);
    for (id, name) in o.workloads() {
        let w = workload::build(id, &name);
        for p in &peers {
            match check(&**p, &w) {
                Ok(true) => done += 1,
                Ok(false) => skipped += 1,
                Err(e) => {
                    bad += 1;
                    println!("FAILED {} {}: {e}", p.name(), w.name);
                }
            }
        }
    }
    println!("{done} passed, {bad} failed, {skipped} not supported");
    if bad > 0 {
        std::process::exit(1);
    }
}

// --- timing ----------------------------------------------------------------------

struct Runner {
    peer: String,
    job: Box<dyn Job>,
    n: u64,
}

struct Sample {
    ns: f64,
    msgs: u64,
    reads: u64,
    writes: u64,
}

fn sample(job: &mut dyn Job, n: u64) -> Sample {
    let mut eat = Eat::timing();
    io::reset_counts();
    let t = Instant::now();
    job.run(n, &mut eat);
    let ns = t.elapsed().as_nanos() as f64;
    let msgs = if job.counts() { eat.msgs } else { n };
    Sample { ns, msgs, reads: io::reads(), writes: io::writes() }
}

/// Estimates the number of messages that take `ms`.
fn calibrate(job: &mut dyn Job, ms: u64) -> u64 {
    let mut n = 1;
    loop {
        let s = sample(job, n);
        if s.ns > 1e6 {
            let per = s.ns / s.msgs.max(1) as f64;
            return ((ms as f64 * 1e6 / per) as u64).max(1);
        }
        n = (n * 4).min(1 << 40);
    }
}

fn sample_one(peer: &str, name: &str, ms: u64) {
    let Some(mut job) = job_of(peer, name) else { return };
    let n = calibrate(&mut *job, ms);
    let s = sample(&mut *job, n);
    println!("{} {}", s.msgs, s.ns);
}

/// The peer with this name, ready to run the workload with this name.
fn job_of(peer: &str, name: &str) -> Option<Box<dyn Job>> {
    let (id, name) = workload::all().into_iter().find(|(_, x)| x == name).expect("no such workload");
    let w = workload::build(id, &name);
    peers::all().into_iter().find(|p| p.name() == peer).expect("no such peer").job(&w, false)
}

fn json_line(o: &Opts, w: &Workload, peer: &str, round: usize, s: &Sample) -> String {
    let per = s.ns / s.msgs as f64;
    let mut l = String::new();
    write!(
        l,
        "{{\"label\":\"{}\",\"workload\":\"{}\",\"peer\":\"{}\",\"size\":{},\"round\":{},\"msgs\":{},\"ns_per_msg\":{:.3},\"gb_per_s\":{:.4},\"reads_per_msg\":{:.4},\"writes_per_msg\":{:.4}}}",
        o.label, w.name, peer, w.size, round, s.msgs, per, w.size as f64 / per,
        s.reads as f64 / s.msgs as f64, s.writes as f64 / s.msgs as f64
    )
    .unwrap();
    l
}

/// One round of an external program. `prog` contains its first arguments; it is called with WORKLOAD and MS
/// after them, and prints MESSAGES and NANOSECONDS.
fn ext_sample(prog: &str, w: &Workload, ms: u64) -> Option<Sample> {
    let mut words = prog.split_whitespace();
    let out = Command::new(words.next()?).args(words).args([&w.name, &ms.to_string()]).output().ok()?;
    let s = String::from_utf8(out.stdout).ok()?;
    let mut it = s.split_whitespace();
    let msgs = it.next()?.parse().ok()?;
    let ns = it.next()?.parse().ok()?;
    Some(Sample { ns, msgs, reads: 0, writes: 0 })
}

fn bench(o: &Opts) {
    let peers = o.peers();
    let mut out: Box<dyn std::io::Write> = match &o.out {
        Some(f) => Box::new(std::fs::OpenOptions::new().append(true).create(true).open(f).unwrap()),
        None => Box::new(std::io::stdout()),
    };
    for (id, name) in o.workloads() {
        let w = workload::build(id, &name);
        let mut runners: Vec<Runner> = Vec::new();
        for p in &peers {
            match check(&**p, &w) {
                Ok(_) => {}
                Err(e) => {
                    eprintln!("FAILED {} {}: {e}; left out", p.name(), w.name);
                    continue;
                }
            }
            if let Some(mut job) = p.job(&w, false) {
                let n = calibrate(&mut *job, o.ms);
                runners.push(Runner { peer: p.name().into(), job, n });
            }
        }
        for round in 0..o.rounds {
            for r in &mut runners {
                let s = sample(&mut *r.job, r.n);
                writeln!(out, "{}", json_line(o, &w, &r.peer, round, &s)).unwrap();
            }
            for (n, prog) in &o.ext {
                if let Some(s) = ext_sample(prog, &w, o.ms) {
                    writeln!(out, "{}", json_line(o, &w, n, round, &s)).unwrap();
                }
            }
        }
        out.flush().unwrap();
        eprintln!("{} done ({} peers)", w.name, runners.len());
    }
}

// --- summary -----------------------------------------------------------------------

fn field<'a>(l: &'a str, k: &str) -> Option<&'a str> {
    let pat = format!("\"{k}\":");
    let at = l.find(&pat)? + pat.len();
    let r = &l[at..];
    Some(match r.strip_prefix('"') {
        Some(s) => &s[..s.find('"')?],
        None => &r[..r.find([',', '}'])?],
    })
}

fn median(v: &mut [f64]) -> f64 {
    v.sort_by(f64::total_cmp);
    let n = v.len();
    if n % 2 == 1 { v[n / 2] } else { (v[n / 2 - 1] + v[n / 2]) / 2.0 }
}

/// The results of a peer in a workload: nanoseconds for each message in each round, payload size, reads and
/// writes for each message.
type Row = BTreeMap<String, (Vec<f64>, f64, f64, f64)>;

/// The workloads in the order of the result files, and their rows.
fn rows(o: &Opts) -> Vec<(String, Row)> {
    let mut rows: Vec<(String, Row)> = Vec::new();
    for f in &o.files {
        for l in std::fs::read_to_string(f).unwrap().lines() {
            let Some(w) = field(l, "workload") else { continue };
            let wanted = o.workloads.is_empty() || o.workloads.iter().any(|p| w.contains(p.as_str()));
            if !wanted || field(l, "label") != Some(o.label.as_str()) {
                continue;
            }
            let num = |k| field(l, k).and_then(|s| s.parse::<f64>().ok());
            let Some(ns) = num("ns_per_msg") else { continue };
            let at = rows.iter().position(|(x, _)| x == w).unwrap_or_else(|| {
                rows.push((w.into(), Row::new()));
                rows.len() - 1
            });
            let e = rows[at].1.entry(field(l, "peer").unwrap().into()).or_default();
            e.0.push(ns);
            e.1 = num("size").unwrap();
            e.2 = num("reads_per_msg").unwrap();
            e.3 = num("writes_per_msg").unwrap();
        }
    }
    rows
}

fn overview(o: &Opts) {
    println!(
        "ns for each message in the fastest round; then this time divided by that of other builds, the four fastest peers, the floors\n"
    );
    for (w, row) in rows(o) {
        let least = |ns: &[f64]| ns.iter().copied().fold(f64::MAX, f64::min);
        let mut v: Vec<(String, f64)> = row.iter().map(|(p, e)| (p.clone(), least(&e.0))).collect();
        v.sort_by(|a, b| a.1.total_cmp(&b.1));
        let is_ours = |x: &&(String, f64)| x.0.starts_with("ours");
        let Some((name, ours)) = v.iter().find(|x| x.0 == "ours").or_else(|| v.iter().find(is_ours)).cloned()
        else {
            continue;
        };
        let of = |kind: fn(&str) -> bool| v.iter().filter(move |x| kind(&x.0));
        let builds = of(|p| p.starts_with("ours")).filter(|x| x.0 != name);
        let peers = of(|p| !p.starts_with("ours") && !p.starts_with('=')).take(4);
        let floors = of(|p| p.starts_with('='));
        let mut line = format!("{w:28} {ours:11.1} ");
        for (p, ns) in builds.chain(peers).chain(floors) {
            write!(line, " {p} {:.2}", ours / ns).unwrap();
        }
        println!("{line}");
    }
}

fn summary(o: &Opts) {
    for (w, mut row) in rows(o) {
        let mut v: Vec<(String, f64, f64, f64, f64, f64)> = row
            .iter_mut()
            .map(|(p, (ns, size, r, wr))| {
                let m = median(ns);
                (p.clone(), m, ns[0], *size, *r, *wr)
            })
            .collect();
        v.sort_by(|a, b| a.1.total_cmp(&b.1));
        let base = v.iter().find(|x| x.0 == o.reference).map(|x| x.1);
        println!("\n{w}");
        println!(
            "  {:18} {:>13} {:>13} {:>9} {:>8} {:>9} {:>9}",
            "peer", "ns/msg", "min", "GB/s", "x", "reads/m", "writes/m"
        );
        for (p, m, min, size, r, wr) in v {
            let x = base.map_or(String::from("-"), |b| format!("{:.2}", m / b));
            println!("  {p:18} {m:13.1} {min:13.1} {:9.3} {x:>8} {r:9.3} {wr:9.3}", size / m);
        }
    }
}

// --- instructions ----------------------------------------------------------------------

fn run_one(peer: &str, name: &str, n: u64) {
    let Some(mut job) = job_of(peer, name) else {
        println!("unsupported");
        return;
    };
    let mut eat = Eat::timing();
    wsbench_measured(&mut *job, n, &mut eat);
    println!("msgs {}", if job.counts() { eat.msgs } else { n });
}

/// The function that callgrind counts. It excludes the set-up, in which the calibration of a clock takes a
/// varying number of instructions, more than the difference to measure.
#[unsafe(no_mangle)]
#[inline(never)]
extern "Rust" fn wsbench_measured(job: &mut dyn Job, n: u64, eat: &mut Eat) {
    job.run(n, eat);
}

fn callgrind(peer: &str, w: &str, n: u64) -> Option<(u64, u64)> {
    let me = std::env::current_exe().unwrap();
    let out = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=wsbench_measured"])
        // Otherwise glibc copies with `rep movsb`, which callgrind counts as one instruction for each byte.
        .env(
            "GLIBC_TUNABLES",
            "glibc.cpu.x86_rep_movsb_threshold=1000000000:glibc.cpu.x86_rep_stosb_threshold=1000000000",
        )
        .arg(me)
        .args(["run", peer, w, &n.to_string()])
        .output()
        .ok()?;
    let (so, se) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    let msgs = so.lines().find_map(|l| l.strip_prefix("msgs "))?.parse().ok()?;
    let ir =
        se.lines().find_map(|l| l.split("Collected : ").nth(1))?.split_whitespace().next()?.parse().ok()?;
    Some((msgs, ir))
}

fn instr(o: &Opts) {
    let mut out: Box<dyn std::io::Write> = match &o.out {
        Some(f) => Box::new(std::fs::OpenOptions::new().append(true).create(true).open(f).unwrap()),
        None => Box::new(std::io::stdout()),
    };
    for (id, name) in o.workloads() {
        let w = workload::build(id, &name);
        // Large enough that both counts include more than the first use of each buffer, and whole passes over
        // the wire.
        let n = match w.size {
            0 => 200,
            s if s >= 1 << 20 => 8,
            s if s >= 16 << 10 => 256,
            _ => 4096,
        };
        for p in o.peers() {
            if p.job(&w, false).is_none() {
                continue;
            }
            let (Some(a), Some(b)) = (callgrind(p.name(), &name, n), callgrind(p.name(), &name, 2 * n))
            else {
                eprintln!("{} {name}: callgrind failed", p.name());
                continue;
            };
            let per = (b.1 as f64 - a.1 as f64) / (b.0 as f64 - a.0 as f64);
            writeln!(
                out,
                "{{\"label\":\"{}\",\"instr\":\"{}\",\"peer\":\"{}\",\"instr_per_msg\":{per:.1}}}",
                o.label,
                name,
                p.name()
            )
            .unwrap();
            out.flush().unwrap();
        }
    }
}

//! Processes and the addresses on which they listen, read from Linux's `/proc`.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The addresses on which a process and its descendants listen.
pub fn listening(process: u32) -> Vec<SocketAddr> {
    let sockets: Vec<String> = family(process).into_iter().flat_map(sockets).collect();
    let mut found = Vec::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        for line in fs::read_to_string(table).unwrap_or_default().lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let (local, state, inode) = (fields[1], fields[3], fields[9]);
            if state == "0A" && sockets.iter().any(|socket| socket == inode) {
                found.push(address(local));
            }
        }
    }
    found
}

/// A process and its descendants.
pub fn family(process: u32) -> Vec<u32> {
    let parents: Vec<(u32, u32)> =
        processes().into_iter().filter_map(|child| Some((child, parent(child)?))).collect();
    let mut family = vec![process];
    let mut index = 0;
    while let Some(&member) = family.get(index) {
        family.extend(parents.iter().filter(|(_, parent)| *parent == member).map(|(child, _)| *child));
        index += 1;
    }
    family
}

/// The processes that were started with a variable of this name whose value has this ending.
pub fn started_with(name: &str, ending: &str) -> Vec<u32> {
    let has = |process: &u32| {
        let environment = fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| {
            variable.strip_prefix(name.as_bytes()).is_some_and(|value| value.ends_with(ending.as_bytes()))
        })
    };
    processes().into_iter().filter(has).collect()
}

/// The running processes of a process group.
pub fn group(id: u32) -> Vec<u32> {
    let is_member = |process: &u32| {
        let fields = stat(*process).unwrap_or_default();
        // A zombie has ended, and its parent has not asked for its status.
        fields.first().is_some_and(|state| state != "Z") && fields.get(2) == Some(&id.to_string())
    };
    processes().into_iter().filter(is_member).collect()
}

fn processes() -> Vec<u32> {
    let entries = fs::read_dir("/proc").expect("Linux shows processes");
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
}

fn parent(process: u32) -> Option<u32> {
    stat(process)?.get(1)?.parse().ok()
}

/// The state of a process, its parent, its process group and more.
fn stat(process: u32) -> Option<Vec<String>> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name, in parentheses, may contain any characters.
    Some(stat.rsplit_once(')')?.1.split_whitespace().map(str::to_owned).collect())
}

fn sockets(process: u32) -> Vec<String> {
    let Ok(entries) = fs::read_dir(format!("/proc/{process}/fd")) else { return Vec::new() };
    let links = entries.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    links
        .filter_map(|link| Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect()
}

/// `0100007F:2328`: words of four bytes in the machine's order, then the port.
fn address(text: &str) -> SocketAddr {
    let (words, port) = text.split_once(':').expect("an address and a port");
    let bytes: Vec<u8> = (0..words.len())
        .step_by(8)
        .flat_map(|at| u32::from_str_radix(&words[at..at + 8], 16).expect("a word").to_ne_bytes())
        .collect();
    let ip = match <[u8; 4]>::try_from(bytes.as_slice()) {
        Ok(four) => IpAddr::from(Ipv4Addr::from(four)),
        Err(_) => Ipv6Addr::from(<[u8; 16]>::try_from(bytes).expect("an address of IPv6")).into(),
    };
    SocketAddr::new(ip, u16::from_str_radix(port, 16).expect("a port"))
}

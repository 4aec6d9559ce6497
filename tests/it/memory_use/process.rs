//! The memory of a function according to the template, and the peak resident memory of a process according to Linux.

use std::path::Path;

use hb_local::template::Template;
use serde_norway::Value;

/// The `MemorySize` of the function whose binary has this name, in MiB.
pub(super) fn memory_size(binary: &str) -> u64 {
    let template = Template::embedded().expect("the template");
    let of =
        |value: &Value, path: &[&str]| path.iter().try_fold(value.clone(), |at, name| at.get(*name).cloned());
    let function = template
        .resources("AWS::Serverless::Function")
        .map(|(_, function)| function)
        .find(|function| {
            of(function, &["Metadata", "BuildProperties", "Binary"]).is_some_and(|name| name == binary)
        })
        .unwrap_or_else(|| panic!("template.yaml has no function of the binary {binary}"));
    let own = of(function, &["Properties", "MemorySize"]);
    let size = own.or_else(|| of(template.document(), &["Globals", "Function", "MemorySize"]));
    size.and_then(|size| size.as_u64()).expect("a MemorySize")
}

/// Resets [`peak`]: <https://docs.kernel.org/filesystems/proc.html>, `clear_refs`.
pub(super) fn reset_peak(process: u32) {
    std::fs::write(of(process).join("clear_refs"), "5").expect("the process is ours");
}

/// The peak resident memory of a process since [`reset_peak`], including its binary, in MiB, rounded up.
pub(super) fn peak(process: u32) -> u64 {
    let status = std::fs::read_to_string(of(process).join("status")).expect("the process is there");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("VmHWM");
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number of kB");
    kib.div_ceil(1_024)
}

fn of(process: u32) -> std::path::PathBuf {
    Path::new("/proc").join(process.to_string())
}

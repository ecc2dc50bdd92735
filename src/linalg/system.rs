//! What the machine has: memory, and the BLAS that was linked.

use std::ffi::CStr;
use std::os::raw::c_char;

unsafe extern "C" {
    fn openblas_get_config() -> *const c_char;
    fn openblas_get_corename() -> *const c_char;
}

/// Largest resident memory of this process so far, in bytes; 0 where the system does not tell.
pub fn peak_memory() -> u64 {
    proc_kib("/proc/self/status", "VmHWM:").unwrap_or(0) * 1024
}

/// Memory that a new allocation can take without swapping, in bytes; unlimited where the system does not tell.
pub fn available_memory() -> u64 {
    proc_kib("/proc/meminfo", "MemAvailable:").map_or(u64::MAX, |kib| kib * 1024)
}

fn proc_kib(path: &str, key: &str) -> Option<u64> {
    let text = std::fs::read_to_string(path).ok()?;
    text.lines().find_map(|line| line.strip_prefix(key))?.split_whitespace().next()?.parse().ok()
}

/// Name, version and kernel of the linked BLAS, such as `OpenBLAS 0.3.21 ... Haswell`.
pub fn blas_name() -> String {
    // SAFETY: both return a pointer to a static C string.
    let (config, core) = unsafe { (text(openblas_get_config()), text(openblas_get_corename())) };
    if config.contains(&core) { config } else { format!("{config} {core}") }
}

/// # Safety
/// `pointer` is null or a C string that lives for ever.
unsafe fn text(pointer: *const c_char) -> String {
    if pointer.is_null() {
        return String::new();
    }
    // SAFETY: by the caller's promise.
    unsafe { CStr::from_ptr(pointer) }.to_string_lossy().trim().to_string()
}

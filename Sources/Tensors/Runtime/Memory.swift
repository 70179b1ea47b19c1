import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The only code that decides whether memory can be allocated.
///
/// Linux overcommits memory and ends a process that then uses it. So a request is refused before the system call if it
/// exceeds the process's limit or, if it is large, the free memory. What is reserved here is released here. A compiled
/// step does none of this, as it allocates nothing.
package enum Memory {
  /// Bytes of arrays that are allocated from the system.
  private static let held = Atomic<Int>(0)

  /// The limit of this process: physical memory, or what its control group is limited to.
  package static let limit = min(physical, controlGroup)

  /// Above this size, the free memory is queried: that takes as long as touching some pages.
  private static let large = 256 << 20
  /// From this size on, `malloc` maps each block separately.
  private static let mapped = 1 << 20

  /// Reserves this many bytes. False, and nothing is reserved, where there are not as many.
  static func take(_ byteCount: Int) -> Bool {
    guard byteCount <= limit - held.load(ordering: .relaxed), byteCount < large || byteCount <= available else {
      return false
    }
    held.wrappingAdd(byteCount, ordering: .relaxed)
    return true
  }

  static func giveBack(_ byteCount: Int) { held.wrappingSubtract(byteCount, ordering: .relaxed) }

  /// Throws where an array of this size could not be allocated. For arrays of the standard library, which end the
  /// process then; the memory is allocated and freed at once.
  package static func check(_ byteCount: Int, for purpose: @autoclosure () -> String) throws(TensorError) {
    guard byteCount >= mapped else { return }
    guard take(byteCount) else { throw failure(byteCount, purpose()) }
    giveBack(byteCount)
    guard let block = map(byteCount) else { throw failure(byteCount, purpose()) }
    munmap(block, byteCount)
  }

  /// Untouched pages, which are zeros. `nil` where the system refuses them.
  static func map(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    let block = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)
    return block == MAP_FAILED ? nil : block
  }

  static func unmap(_ block: UnsafeMutableRawPointer, _ byteCount: Int) { munmap(block, byteCount) }

  /// Only advice, so the answer does not matter.
  static func adviseHugePages(_ block: UnsafeMutableRawPointer, _ byteCount: Int) {
    #if os(Linux)
      _ = madvise(block, byteCount, 14)  // MADV_HUGEPAGE
    #endif
  }

  /// Memory aligned to 64 bytes, reserved; `nil` where there is none.
  static func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    guard byteCount >= 0, take(byteCount) else { return nil }
    var memory: UnsafeMutableRawPointer?
    if posix_memalign(&memory, 64, max(byteCount, 64)) != 0 { giveBack(byteCount) }
    return memory
  }

  static func deallocate(_ memory: UnsafeMutableRawPointer, _ byteCount: Int) {
    free(memory)
    giveBack(byteCount)
  }

  /// The message where memory cannot be allocated.
  static func failure(_ byteCount: Int, _ purpose: String) -> TensorError {
    var reason = "this process may hold \(text(limit)) and holds \(text(held.load(ordering: .relaxed)))"
    if byteCount <= limit - held.load(ordering: .relaxed) {
      reason = available < byteCount ? "\(text(available)) are free" : "the system refused it"
      if let addressSpace { reason += "; its address space is limited to \(text(addressSpace))" }
    }
    return TensorError("not enough memory: \(purpose) would take \(text(byteCount)); \(reason)")
  }

  /// A size in readable form: `160.0 GB`.
  package static func text(_ byteCount: Int) -> String {
    let units = ["bytes", "kB", "MB", "GB", "TB"]
    var (value, unit) = (Double(byteCount), 0)
    while value >= 1000, unit + 1 < units.count { (value, unit) = (value / 1000, unit + 1) }
    let tenths = Int((value * 10).rounded())
    return unit == 0 ? "\(byteCount) bytes" : "\(tenths / 10).\(tenths % 10) \(units[unit])"
  }

  // MARK: Limits of the system

  private static var physical: Int {
    let (pages, size) = (sysconf(Int32(_SC_PHYS_PAGES)), sysconf(Int32(_SC_PAGESIZE)))
    return pages > 0 && size > 0 ? pages * size : .max
  }

  /// The limit of `ulimit -v`, where there is one.
  private static var addressSpace: Int? {
    var limits = rlimit()
    #if canImport(Glibc)
      let status = getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limits)
    #else
      let status = getrlimit(RLIMIT_AS, &limits)
    #endif
    return status == 0 && limits.rlim_cur < 1 << 62 ? Int(limits.rlim_cur) : nil
  }

  /// The available memory: free memory, page cache, and swap.
  private static var available: Int {
    var kilobytes: [String: Int] = [:]
    for line in lines(of: "/proc/meminfo") {
      let words = line.split { $0 == " " || $0 == ":" }
      if words.count >= 2 { kilobytes[String(words[0])] = Int(words[1]) }
    }
    guard let available = kilobytes["MemAvailable"] else { return .max }
    return (available + (kilobytes["SwapFree"] ?? 0)) * 1024
  }

  /// The least limit of the control groups that this process is in.
  private static var controlGroup: Int {
    var folders = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
    for line in lines(of: "/proc/self/cgroup") where line.hasPrefix("0::/") {
      var path = line.dropFirst(3)
      while path.count > 1 {
        folders.append("/sys/fs/cgroup\(path)/memory.max")
        path = path.lastIndex(of: "/").map { path[..<$0] } ?? ""
      }
    }
    return folders.compactMap { lines(of: $0).first.flatMap { Int($0) } }.filter { $0 > 0 }.min() ?? .max
  }

  private static func lines(of path: String) -> [Substring] {
    guard let file = fopen(path, "r") else { return [] }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 8192)
    let count = fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes.prefix(count), as: UTF8.self).split(separator: "\n")
  }
}

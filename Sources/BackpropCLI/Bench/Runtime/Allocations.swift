#if canImport(Glibc)
  import Glibc
#endif

/// The allocations of the process, where they are counted.
enum Allocations {
  /// The number of allocations so far, without those of oneDNN and OpenMP for themselves; `nil` without the library
  /// of `Tests/AllocationCounter` preloaded.
  static var count: Int? {
    #if canImport(Glibc)
      return counter.map { Int($0()) }
    #else
      return nil
    #endif
  }

  #if canImport(Glibc)
    private static let counter: (@convention(c) () -> Int64)? = {
      guard let symbol = dlsym(nil, "backprop_allocations") else { return nil }
      return unsafeBitCast(symbol, to: (@convention(c) () -> Int64).self)
    }()
  #endif
}

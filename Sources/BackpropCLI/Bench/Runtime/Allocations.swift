#if canImport(Glibc)
  import Glibc
#endif

/// How much memory the process asked for, where somebody counts.
enum Allocations {
  /// How many allocations there were so far, those of oneDNN and OpenMP for themselves aside; `nil` without the library
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

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// How long OpenMP's threads spin before they sleep, unless set otherwise.
///
/// GNU's runtime reads it once, before `main`, and spins for milliseconds by default: on a machine that is busy with
/// something else, the threads of a step then take each other's processors and a step takes a hundred times as long.
/// With 2,000 rounds, some microseconds, an idle machine is as fast and a busy one no slower than necessary.
enum WaitingThreads {
  private static let rounds = "2000"

  /// Restarts the command with the setting, once. Where that fails, it continues without.
  static func resolve() {
    #if os(Linux)
      guard getenv("GOMP_SPINCOUNT") == nil, getenv("OMP_WAIT_POLICY") == nil else { return }
      setenv("GOMP_SPINCOUNT", rounds, 1)
      CommandArguments.restart()
    #endif
  }
}

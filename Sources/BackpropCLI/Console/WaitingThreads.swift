#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// How long OpenMP's threads spin before they sleep, where nothing else is asked for.
///
/// GNU's runtime reads it once, before `main`, and spins for milliseconds by default: on a machine that is busy with
/// something else, the threads of a step then take each other's processors and a step takes a hundred times as long. With
/// 2,000 rounds, some microseconds, an idle machine is as fast and a busy one no slower than it must be.
enum WaitingThreads {
  private static let rounds = "2000"

  /// Starts the command anew with the setting, once. Where that cannot be done, it goes on as it is.
  static func resolve() {
    #if os(Linux)
      guard getenv("GOMP_SPINCOUNT") == nil, getenv("OMP_WAIT_POLICY") == nil else { return }
      setenv("GOMP_SPINCOUNT", rounds, 1)
      CommandArguments.restart()
    #endif
  }
}

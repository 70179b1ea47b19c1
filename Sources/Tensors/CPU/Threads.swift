import CKernels

/// How many threads compute.
public enum Threads {
  /// The maximum: 64, or the number of processors if that is larger. More threads than processors are no faster.
  static let most = max(64, Int(backprop_processors()))

  @TaskLocal private static var ofTask: Int?

  /// How many threads an evaluation takes: those of the task (`withCount`), or of the process, by default its
  /// processors. From 1 to what the machine can have; other numbers are clamped. The bits of results depend on it, as
  /// sums are split by thread. Evaluations at the same time share the process's threads.
  public static var count: Int {
    get { ofTask ?? Int(backprop_threads()) }
    set { backprop_set_threads(Int32(clamped(newValue))) }
  }

  /// Calls `body`, whose evaluations take `count` threads each.
  ///
  /// ```swift
  /// async let first = Threads.withCount(1) { try train(models[0]) }
  /// async let second = Threads.withCount(1) { try train(models[1]) }
  /// ```
  public static func withCount<Result>(_ count: Int, _ body: () throws -> Result) rethrows -> Result {
    try $ofTask.withValue(clamped(count), operation: body)
  }

  /// Calls `body`, whose evaluations take `count` threads each.
  public static func withCount<Result>(
    _ count: Int, isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Result
  ) async rethrows -> Result {
    try await $ofTask.withValue(clamped(count), operation: body)
  }

  private static func clamped(_ count: Int) -> Int { min(max(count, 1), most) }
}

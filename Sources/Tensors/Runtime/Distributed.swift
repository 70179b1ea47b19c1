import MPIShim
import Synchronization

/// The processes that train a network together, as `mpirun -n 4 PROGRAM` starts them: copies of one program, each with a
/// part of the data, on one machine or several.
///
/// ```swift
/// let processes = try Distributed.world()
/// for batch in batches {  // of this process' part of the examples
///   let gradients = valueAndGradient(of: model) { loss($0, batch) }.gradients
///   try optimizer.update(along: gradients.averaged(over: processes))
/// }
/// ```
///
/// Where `mpirun` did not start the program, there is one process, and nothing here costs anything. All processes must
/// ask for the same sums in the same order; one that does not keeps the others waiting. The package needs its trait `MPI`.
public struct Distributed: Hashable, Sendable {
  /// Which process this is, from 0. By convention only process 0 writes files and messages.
  public let rank: Int
  /// How many processes there are.
  public let size: Int
  /// How many processes of this machine, with this one, may run on the same processors.
  package let sharing: Int

  package init(rank: Int, size: Int, sharing: Int = 1) { (self.rank, self.size, self.sharing) = (rank, size, sharing) }

  /// A process alone.
  public static let one = Distributed(rank: 0, size: 1)

  /// All processes. The first call joins them, which waits for each.
  ///
  /// Throws a `TensorError` where MPI fails, and where `mpirun` started several processes of a program that was built
  /// without it.
  public static func world() throws(TensorError) -> Distributed { try joined.get() }

  /// Whether the process has joined others.
  static var isSeveral: Bool { several.load(ordering: .acquiring) }
  private static let several = Atomic<Bool>(false)

  private static let joined: Result<Distributed, TensorError> = {
    guard backprop_mpi_is_launched() != 0 else { return .success(.one) }
    guard backprop_mpi_available() != 0 else {
      return .failure(
        TensorError(
          "mpirun started several processes, but this program was built without MPI; build it with the trait MPI "
            + "(swift build --traits default,MPI)"))
    }
    var (rank, size): (Int32, Int32) = (0, 1)
    guard backprop_mpi_begin(&rank, &size) == 0 else { return .failure(failure("joining the other processes")) }
    several.store(size > 1, ordering: .releasing)
    return .success(Distributed(rank: Int(rank), size: Int(size), sharing: Int(backprop_mpi_sharing())))
  }()

  /// Which MPI it is, such as `Open MPI v4.1.4`; empty where the package was built without.
  public static var library: String { String(cString: backprop_mpi_version()) }

  private static func failure(_ what: String) -> TensorError {
    TensorError("MPI: \(what) failed: \(String(cString: backprop_mpi_message()))")
  }

  static func check(_ status: Int32, _ what: String) throws(TensorError) {
    if status != 0 { throw failure(what) }
  }

  /// This process' part of `count` things that are counted from 0: as many as of the others, or one more or less.
  public func part(of count: Int) -> Range<Int> { rank * count / size..<(rank + 1) * count / size }

  /// A seed for what each process draws for itself, such as how its images are varied: another one in each.
  package func seed(_ seed: UInt64) -> UInt64 { seed &+ UInt64(rank) &* 0x9e37_79b9_7f4a_7c15 }

  // MARK: What all processes do together

  /// Gives these variables the values that process `root` has, in all processes.
  public func broadcast(_ variables: [Variable], from root: Int = 0) throws(TensorError) {
    guard 0..<size ~= root else {
      throw TensorError("broadcast: there is no process \(root) of \(size), which are counted from 0")
    }
    try broadcast(variables.map { ($0, root) })
  }

  /// Gives each variable the values that its process `root` has, in all processes. They travel at the same time.
  package func broadcast(_ variables: [(variable: Variable, root: Int)]) throws(TensorError) {
    guard Self.isSeveral, size > 1, !variables.isEmpty else { return }
    let bytes = variables.map { Int64($0.variable.type.byteCount) }
    let roots = variables.map { Int32($0.root) }
    try Self.writing(variables.map(\.variable)) { pointers in
      backprop_mpi_broadcast_each(pointers, bytes, roots, Int32(bytes.count))
    }
  }

  /// Gives a variable of process `target` the values that it has in process `source`; the others do nothing.
  package func move(_ variable: Variable, from source: Int, to target: Int) throws(TensorError) {
    guard Self.isSeveral, rank == source || rank == target else { return }
    try Self.writing([variable]) { pointers in
      backprop_mpi_move(pointers[0], Int64(variable.type.byteCount), Int32(source), Int32(target))
    }
  }

  /// Calls `body` with memory of the variables that nobody else holds, while no run uses them.
  private static func writing(
    _ variables: [Variable], _ body: ([UnsafeMutableRawPointer?]) -> Int32
  ) throws(TensorError) {
    let use = VariableUse(writes: variables)
    let pointers = try Executor.using(use) { (executor) throws(TensorError) in
      for variable in variables { try variable.prepareToWrite() }
      executor.begin(use)
      return variables.map(\.pointer) as [UnsafeMutableRawPointer?]
    }
    // Without the lock, as others may be late.
    let status = try use.go { body(pointers) }
    try check(status, "sending \(variables.map(\.name).first ?? "nothing") and what follows")
  }

  /// Waits until all processes are here.
  public func barrier() throws(TensorError) {
    if size > 1 { try Self.check(backprop_mpi_barrier(), "waiting for the other processes") }
  }

  /// What each process has, by rank; all must have as many bytes.
  package func gathered(_ bytes: [UInt8]) throws(TensorError) -> [[UInt8]] {
    guard size > 1 else { return [bytes] }
    var all = [UInt8](repeating: 0, count: bytes.count * size)
    try Self.check(backprop_mpi_gather(bytes, Int64(bytes.count), &all), "gathering from the other processes")
    return (0..<size).map { Array(all[$0 * bytes.count..<($0 + 1) * bytes.count]) }
  }

  /// The numbers that process 0 has, in all processes, which have as many.
  package func broadcast(_ numbers: [Double]) throws(TensorError) -> [Double] {
    guard size > 1 else { return numbers }
    var result = numbers
    try Self.check(backprop_mpi_broadcast(&result, Int64(8 * numbers.count), 0), "a broadcast")
    return result
  }

  /// Leaves the others, at the end of a program; all processes must. Without it, `mpirun` reports that a process ended
  /// early.
  public static func end() { if isSeveral { backprop_mpi_end() } }

  /// Ends all processes at once with this exit status, where one cannot go on.
  public static func abort(_ status: Int32) { if isSeveral { backprop_mpi_abort(status) } }

  /// The seconds that background sums took since the last call, and how many of these the step waited for them.
  package static func takeTimes() -> (whole: Double, waited: Double) {
    var (whole, waited) = (0.0, 0.0)
    backprop_mpi_take_times(&whole, &waited)
    return (whole, waited)
  }
}

import Backprop

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The processes of a training that `mpirun` started. Process 0 writes and prints; the others compute, and end with it.
enum Processes {
  /// Joins the others. Alone, nothing here does anything.
  static func join() throws -> Distributed {
    let processes = try Distributed.world()
    guard processes.size > 1 else { return processes }
    Console.isSilent = processes.rank > 0
    guard let command = CommandArguments.all.first, ["train", "bench"].contains(command) else {
      throw RequestError("only 'backprop train' and 'backprop bench' run in several processes; leave mpirun out")
    }
    return processes
  }

  /// What a process says where all meet before the training.
  private struct Word {
    var status: ExitStatus
    var seed: UInt64
    /// Its version and flags.
    var request = ([backpropVersion] + CommandArguments.all).joined(separator: "\u{1}")

    static let byteCount = 8192

    /// As many bytes from each process.
    var bytes: [UInt8] {
      var result =
        [UInt8(truncatingIfNeeded: status.rawValue)] + (0..<8).map { UInt8(truncatingIfNeeded: seed >> (8 * $0)) }
      result += request.utf8.prefix(Self.byteCount - result.count)
      return result + Array(repeating: 0, count: Self.byteCount - result.count)
    }

    init(_ status: ExitStatus, seed: UInt64 = 0) { (self.status, self.seed) = (status, seed) }

    init(_ bytes: [UInt8]) {
      status = ExitStatus(rawValue: Int32(bytes[0])) ?? .failed
      seed = bytes[1...8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
      request = String(decoding: bytes[9...].prefix { $0 != 0 }, as: UTF8.self)
    }
  }

  /// Waits for the others, and gives the seed of process 0. Throws where one of them cannot train: `PeerFailure`, which that
  /// process reports, or what is wrong with all.
  static func meet(seed: UInt64 = 0) throws -> UInt64 {
    let processes = try Distributed.world()
    guard processes.size > 1 else { return seed }
    let words = try processes.gathered(Word(.done, seed: seed).bytes).map(Word.init)
    if words.contains(where: { $0.status != .done }) { throw PeerFailure() }
    if let other = words.firstIndex(where: { $0.request != words[0].request }) {
      throw RequestError(
        "process \(other) has another version of this program or other flags than process 0; start the same on all hosts"
      )
    }
    return words[0].seed
  }

  /// Another process cannot go on and says so.
  struct PeerFailure: Error {}

  /// The training of a process other than 0 is done.
  struct Finished: Error {}

  /// Whether all train, so that one that fails must end the others.
  nonisolated(unsafe) static var isTraining = false

  /// Ends this process, and the others with it, where it failed; returns where there is only this one.
  static func end(_ sentence: String, _ status: ExitStatus) {
    guard let processes = try? Distributed.world(), processes.size > 1 else { return }
    let host = ProcessInfo.processInfo.hostName
    let own = processes.rank == 0 ? sentence : "process \(processes.rank) on \(host): \(sentence)"
    guard isTraining else {
      let words = (try? processes.gathered(Word(status).bytes).map(Word.init)) ?? []
      // One sentence, from the first of those that failed.
      let first = words.firstIndex { $0.status != .done } ?? processes.rank
      if first == processes.rank { report(own) }
      Distributed.end()
      Console.exit(status)
    }
    // Where all fail alike, process 0 says so.
    if processes.rank > 0 { Console.wait(seconds: 1) }
    report(own)
    Distributed.abort(status.rawValue)
    Console.exit(status)
  }

  private static func report(_ sentence: String) {
    Console.isSilent = false
    Console.log("error: " + sentence)
  }
}

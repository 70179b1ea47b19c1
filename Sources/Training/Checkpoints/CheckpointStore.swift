import Files
import Foundation
import Models
import Tensors

/// The folder of a training's checkpoints: the newest one and, in case that is damaged, the previous one.
///
/// A checkpoint is one safetensors file. Values that are not arrays are JSON in its metadata, and its last array is a
/// checksum of all bytes before. It is written to a temporary file, synchronized to disk and then renamed.
public struct CheckpointStore: Sendable {
  /// Where the files are; saving creates it.
  public let folder: URL
  /// The settings of the training, in any form; `load` refuses a checkpoint that was saved with something else.
  public var configuration: String

  private static let newest = "latest.safetensors"
  private static let before = "previous.safetensors"
  private static let format = "backprop checkpoint 1"
  private static let checksum = "checksum"

  /// The checkpoints in `folder`, which need not exist yet.
  public init(folder: URL, configuration: String = "") {
    self.folder = folder
    self.configuration = configuration
  }

  /// Saves `checkpoint`, which then is the newest one. Throws a `TrainingError` where that fails.
  public func save(_ checkpoint: Checkpoint) throws {
    do { try Folder.create(folder.path) } catch {
      throw TrainingError(
        "the checkpoint of step \(checkpoint.step) cannot be saved: \(folder.path) should be a folder, or one that can be made: \(error)",
        step: checkpoint.step)
    }
    do {
      let data = try encode(checkpoint)
      try AtomicFile.replace(folder.appending(path: Self.newest), with: data, keepingAs: Self.before)
    } catch {
      throw TrainingError("the checkpoint of step \(checkpoint.step) cannot be saved: \(error)", step: checkpoint.step)
    }
  }

  /// The newest checkpoint that is intact and was saved with the same settings, or `nil` where none was made yet.
  /// `notice` is called for one that was skipped.
  ///
  /// Throws a `TrainingError` where there are some but none is usable, and where the folder or a file in it cannot be
  /// read: then nothing is removed.
  public func load(notice: (String) -> Void = { _ in }) throws -> Checkpoint? {
    guard try exists(folder) else { return nil }
    guard OpenFile.isFolder(folder.path) else {
      throw TrainingError("\(folder.path) should be a folder of checkpoints")
    }
    do { try Folder.requireReadable(folder.path) } catch {
      throw TrainingError("\(folder.path) cannot be read: \(error); what it holds is needed to continue")
    }
    AtomicFile.removeLeftovers(in: folder)
    var problems: [String] = []
    for file in files {
      guard try exists(file) else { continue }
      let bytes: [UInt8]
      do { bytes = try OpenFile(file.path).contents(limit: .max) } catch {
        throw TrainingError("\(file.path) \(error.reason); what it holds is needed to continue")
      }
      do {
        let checkpoint = try decode(bytes)
        if !problems.isEmpty {
          // Otherwise the next one that is saved would replace the good one.
          try? Folder.remove(folder.appending(path: Self.newest).path)
          notice(
            "\(problems.joined(separator: "; ")); continuing from the checkpoint before, of step \(checkpoint.step)")
        }
        return checkpoint
      } catch let error as ModelError {
        problems.append(error.description.hasPrefix(file.path) ? "\(error)" : "\(file.path) \(error)")
      }
    }
    guard problems.isEmpty else {
      throw TrainingError(
        "there is no checkpoint to continue from: \(problems.joined(separator: "; ")); train again from the start")
    }
    return nil
  }

  /// Throws a `TrainingError` where the newest checkpoint whose header can be read holds the weights of another model
  /// than one of these names and shapes. Reads no weights.
  package func check(against shapes: [(name: String, shape: Shape)]) throws {
    for file in files {
      guard let header = try? SafeTensorsFile(file) else { continue }
      do { return try header.check(against: shapes, under: "model/") } catch {
        throw TrainingError("the checkpoint does not fit the run's record: \(error)")
      }
    }
  }

  /// Restores the previous checkpoint where the newest one has other settings: a training that was to replace this one
  /// saved it and ended before it had replaced anything else. The next such training would otherwise delete this one's.
  package func undoReplacement() throws {
    func isOurs(_ file: URL) -> Bool? {
      (try? SafeTensorsFile(file)).map { $0.metadata["configuration"] == configuration }
    }
    let (newest, before) = (files[0], files[1])
    guard isOurs(newest) == false, isOurs(before) == true else { return }
    do { try Folder.rename(before.path, to: newest.path) } catch {
      throw TrainingError("\(newest.path) cannot be replaced: \(error)")
    }
  }

  /// Removes the previous checkpoint, such as one of a training that this one replaces.
  public func removePrevious() throws { try remove(folder.appending(path: Self.before)) }

  /// Removes all checkpoints.
  public func clear() throws {
    AtomicFile.removeLeftovers(in: folder)
    for file in files { try remove(file) }
  }

  /// The newest first.
  private var files: [URL] { [Self.newest, Self.before].map { folder.appending(path: $0) } }

  /// Whether there is something at `url`. Throws where that cannot be determined, as for a folder without read
  /// permission.
  private func exists(_ url: URL) throws(TrainingError) -> Bool {
    do { return try Folder.holds(url.path) } catch {
      throw TrainingError("\(url.path) cannot be read: \(error); what it holds is needed to continue")
    }
  }

  private func remove(_ file: URL) throws(TrainingError) {
    do { try Folder.remove(file.path) } catch { throw TrainingError("\(file.path) cannot be removed: \(error)") }
  }

  func encode(_ checkpoint: Checkpoint) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    let metadata = [
      "format": Self.format, "configuration": configuration,
      "training": String(decoding: try encoder.encode(checkpoint.header), as: UTF8.self),
    ]
    // Last, so that its four bytes, filled in below, are excluded from the checksum.
    let checksum = SafeTensors.Entry(name: Self.checksum, shape: [1], values: [0] as [Int32])
    var data = try SafeTensors.encode(checkpoint.arrays + [checksum], metadata: metadata)
    let sum = Checksum.crc32(data.dropLast(4))
    for place in 0..<4 { data[data.endIndex - 4 + place] = UInt8(truncatingIfNeeded: sum >> (8 * UInt32(place))) }
    return data
  }

  /// Errors continue the file's name.
  func decode(_ bytes: [UInt8]) throws -> Checkpoint {
    let written = bytes.suffix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    guard bytes.count > 4, Checksum.crc32(bytes.dropLast(4)) == written else {
      throw ModelError("is damaged: its checksum is wrong")
    }
    let (entries, metadata) = try SafeTensors.decode(bytes)
    guard metadata["format"] == Self.format, entries.last?.name == Self.checksum, let training = metadata["training"]
    else { throw ModelError("should be a checkpoint of this version, '\(Self.format)'") }
    guard metadata["configuration"] == configuration else {
      throw ModelError("is of a training with other settings")
    }
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    let header: Checkpoint.Header
    do { header = try JSONReading.value(Checkpoint.Header.self, from: Array(training.utf8), decoder) } catch {
      throw ModelError("should say in its metadata 'training' where the training is, but this \(error.reason)")
    }
    guard header.isPossible else {
      throw ModelError("should say in its metadata 'training' where the training is, but its numbers cannot be")
    }
    return Checkpoint(header: header, arrays: entries.dropLast())
  }
}

extension Checkpoint.Header {
  /// Whether the counts are possible for a training; a checksum detects accidents, not manipulated values.
  fileprivate var isPossible: Bool {
    let limit = 1 << 62
    return [
      counts.steps, counts.examples, counts.periodExamples, counts.evaluatedStep, updates,
    ]
    .allSatisfy { (0..<limit).contains($0) } && stepsPerEpoch > 0 && counts.evaluatedStep <= counts.steps
      && counts.seconds.isFinite && counts.pausedSeconds.isFinite
  }
}

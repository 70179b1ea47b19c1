import Files
import Tensors

/// What is in a folder of pictures: how many of each class, what cannot be read and why, and what is no picture.
///
/// Every file was decoded, so that none fails in the middle of a training.
public struct PictureSurvey: Sendable {
  /// What pictures are for.
  public enum Part: String, Hashable, Sendable, CaseIterable {
    /// To learn from.
    case train
    /// To stop early by.
    case validation
    /// To be evaluated on.
    case test

    /// The part for which a folder of this name has the pictures.
    init?(folder name: String) {
      switch name.lowercased() {
      case "train", "training": self = .train
      case "val", "valid", "validation": self = .validation
      case "test", "testing": self = .test
      default: return nil
      }
    }
  }

  /// A file that was left out.
  public struct Entry: Hashable, Sendable {
    /// Its path below the folder.
    public let path: String
    /// Why, as the rest of a sentence that begins with the path.
    public let reason: String
  }

  /// A picture.
  package struct File: Hashable, Sendable {
    /// Its path below the folder.
    package let path: String
    package let digest: ContentDigest
  }

  /// The folder's path.
  public let folder: String
  /// The classes with pictures, in natural order.
  public let classNames: [String]
  /// How many pictures each class has in each part.
  public let counts: [Part: [Int]]
  /// The pictures of each part, in the order of its images.
  package let files: [Part: [File]]
  /// Files that should be pictures, and folders, that cannot be read.
  public let unreadable: [Entry]
  /// Files that are no pictures, or lie in no class.
  public let ignored: [Entry]
  /// Subfolders without a picture that can be read.
  public let emptyClasses: [String]
  /// What the pictures were resized to: channels, height and width.
  public let imageShape: Shape
  /// How they fill it.
  public let fit: PictureFit

  /// How many pictures there are in a part.
  public func count(of part: Part) -> Int { counts[part]?.reduce(0, +) ?? 0 }

  /// The survey as text, a line each; of long lists the first `limit` entries. Without control characters.
  public func lines(limit: Int = 20) -> [String] {
    let parts = Part.allCases.filter { count(of: $0) > 0 }
    let sums = parts.map { "\(count(of: $0)) \(Self.purpose(of: $0))" }.joined(separator: ", ")
    let shape = imageShape.dimensions.map(String.init).joined(separator: " × ")
    var lines = [
      "\(folder.printable): \(Self.counted(classNames.count, "class", "classes")), \(sums); as \(shape), "
        + (fit == .crop ? "cropped" : "stretched")
    ]
    for (label, name) in classNames.enumerated().prefix(limit) {
      let numbers = parts.map { "\(counts[$0]?[label] ?? 0) \(Self.purpose(of: $0))" }.joined(separator: ", ")
      lines.append("  \(name.printable): \(numbers)")
    }
    if classNames.count > limit { lines.append("  and \(classNames.count - limit) more") }
    let trained = Set((files[.train] ?? []).map(\.digest))
    for part in parts where part != .train {
      let count = (files[part] ?? []).count { trained.contains($0.digest) }
      guard count > 0 else { continue }
      lines.append("note: \(count) of those \(Self.purpose(of: part)) are also among those \(Self.purpose(of: .train))")
    }
    if !unreadable.isEmpty {
      lines.append("left out, as \(Self.counted(unreadable.count, "file", "files")) cannot be read:")
      lines += Self.list(unreadable.map { "\($0.path) \($0.reason)" }, limit)
    }
    if !emptyClasses.isEmpty {
      lines.append("left out, as they have no pictures: \(emptyClasses.map(\.printable).joined(separator: ", "))")
    }
    if !ignored.isEmpty {
      lines.append("ignored:")
      lines += Self.list(ignored.map { "\($0.path) \($0.reason)" }, limit)
    }
    return lines
  }

  private static func purpose(of part: Part) -> String {
    switch part {
    case .train: "to train"
    case .validation: "to validate"
    case .test: "to test"
    }
  }

  private static func counted(_ count: Int, _ one: String, _ several: String) -> String {
    "\(count) \(count == 1 ? one : several)"
  }

  private static func list(_ entries: [String], _ limit: Int) -> [String] {
    entries.prefix(limit).map { "  \($0.printable)" }
      + (entries.count > limit ? ["  and \(entries.count - limit) more"] : [])
  }

  /// Throws a `DataError` that names them where files cannot be read.
  func checkAllReadable() throws(DataError) {
    guard !unreadable.isEmpty else { return }
    let named = unreadable.prefix(5).map { "\($0.path) \($0.reason)" }.joined(separator: "; ")
    let rest = unreadable.count > 5 ? "; and \(unreadable.count - 5) more" : ""
    throw DataError(
      "\(folder) should have only pictures that can be read, and has "
        + "\(Self.counted(unreadable.count, "file", "files")) that cannot: \(named)\(rest)")
  }
}

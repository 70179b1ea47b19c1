import ArgumentParser
import Backprop
import Files
import Foundation

struct DataFetchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fetch", abstract: "Downloads a data set that has a name, and checks that it is the published one.",
    discussion: """
      backprop data fetch fashion-mnist
      backprop data fetch cifar10 --from /mnt/share/cifar

      The files go to the folder of that name in BACKPROP_DATA, by default ~/.local/share/backprop, where --data finds \
      them. Their SHA-256 must be the published one. Needs the program curl.
      """)

  @Argument(help: ArgumentHelp(Self.names.joined(separator: ", ") + ".", valueName: "name"))
  var name: String

  @Option(help: "A folder or the beginning of an address that has the files (default: the published one).")
  var from: String?

  @Flag(help: "One JSON value on standard output, and nothing else.")
  var json = false

  private static let names = DataSource.known.map(\.name).sorted()

  mutating func validate() throws {
    try RequestError.validating {
      try requirePath(from, "--from")
      _ = try source()
    }
  }

  /// What to download.
  private func source() throws(RequestError) -> DataSource {
    if let source = DataSource.known.first(where: { $0.name == name }) { return source }
    let isBuiltIn = (ImageDataset.knownNames + TextDataset.knownNames).contains(name)
    guard !isBuiltIn else {
      throw RequestError(
        "\(name) is part of backprop, so there is nothing to download; there is \(Self.names.joined(separator: ", "))")
    }
    throw RequestError.unknown("data set to download", name, known: Self.names)
  }

  func run() throws {
    var source = try source()
    if let from { source.address = Download.address(from) }
    guard let own = DataFolder.own else {
      throw RequestError("there is no folder for data sets: set BACKPROP_DATA to one, or HOME")
    }
    let folder = "\(own)/\(source.name)"
    let stored = try DataFetch(source, to: folder).run()
    guard json else {
      let bytes = stored.reduce(0) { $0 + $1.bytes }
      let what = stored.isEmpty ? "is there already" : "\(stored.count) files of \(bytes.bytes)"
      return Console.resultSentence("\(source.name): \(what), in \(folder)")
    }
    try Console.json(Report(name: source.name, folder: folder, files: stored))
  }

  private struct Report: Encodable {
    var name: String
    var folder: String
    /// Those that were stored now.
    var files: [DataFetch.Stored]
  }
}

/// Downloads the files of a data set that a folder lacks. A file has its final name only when it is whole and checked.
struct DataFetch {
  struct Stored: Encodable {
    var name: String
    var bytes: Int
  }

  private let source: DataSource
  private let folder: String

  init(_ source: DataSource, to folder: String) { (self.source, self.folder) = (source, folder) }

  /// Returns the files that were stored. Throws a `RequestError` where the folder cannot be written, and a `WorkError`
  /// where a file cannot be downloaded or is not the published one.
  func run() throws -> [Stored] {
    try OutputPlace.folder(folder, advice: "set BACKPROP_DATA to another one")
    return try source.files.filter { !isThere($0) }.flatMap(fetch)
  }

  /// Whether the file was stored before: of an archive what it has in it, which was checked then.
  private func isThere(_ file: DataSource.File) -> Bool {
    guard file.members.isEmpty else { return file.members.allSatisfy { OpenFile.isThere("\(folder)/\($0)") } }
    let bytes = try? OpenFile("\(folder)/\(file.name)").contents(limit: file.size + 1)
    return bytes.map(file.isPublished) ?? false
  }

  private func fetch(_ file: DataSource.File) throws -> [Stored] {
    let part = "\(folder)/.\(file.name).part"
    defer {
      Console.erase()
      try? Folder.remove(part)
    }
    let address = source.address + file.name
    try Download(address, size: file.size).run(to: part) { count in
      Console.redraw(["\(file.name): \(count.bytes) of \(file.size.bytes)"])
    }
    let contents: [(name: String, bytes: [UInt8])]
    do {
      contents = try file.contents(of: try OpenFile(part).contents(limit: file.size + 1))
    } catch {
      throw WorkError("\(address) is not the published file, so nothing of it was stored: \(error)")
    }
    return try contents.map { name, bytes in
      try AtomicFile.replace(URL(filePath: "\(folder)/\(name)"), with: Data(bytes))
      return Stored(name: name, bytes: bytes.count)
    }
  }
}

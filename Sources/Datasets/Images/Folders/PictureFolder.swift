import Files

/// The files below a folder of pictures, by part and class, before any is opened.
struct PictureFolder {
  /// A file that may be a picture.
  struct File: Hashable, Sendable {
    /// Below the folder.
    var path: String
    var part: PictureSurvey.Part
    /// The class it lies in, in the order of `classNames`.
    var label: Int32
  }

  let path: String
  /// The names of the subfolders of all parts in natural order, also of those without pictures.
  private(set) var classNames: [String] = []
  /// Whether there are folders for the parts.
  private(set) var parts: Set<PictureSurvey.Part> = []
  private(set) var files: [File] = []
  private(set) var ignored: [PictureSurvey.Entry] = []
  /// Folders that cannot be listed.
  private(set) var unreadable: [PictureSurvey.Entry] = []
  /// What was read already, or is above: links to it are not followed.
  private var known: Set<Folder.Identity> = []

  /// Lists the folder at `path`. Links are followed, but for those to folders that are above or are read by themselves.
  /// Throws a `DataError` where it or the folder of a part cannot be listed, or has no subfolders.
  init(_ path: String) throws(DataError) {
    self.path = path
    known = Self.identities(upwardFrom: path)
    let (folders, loose) = try contents(of: "")
    let partFolders = folders.compactMap { name in PictureSurvey.Part(folder: name).map { (part: $0, name: name) } }
    let train = partFolders.first { $0.part == .train }?.name
    // A class may be called `train` or `test`, too: it has pictures, and a part has folders.
    var isSplit = train != nil && partFolders.count == folders.count
    if let train, !isSplit { isSplit = try hasClasses(train) }
    for name in loose { ignore(name, "lies in no class") }
    var classes: [(part: PictureSurvey.Part, name: String, path: String)] = []
    if isSplit {
      guard Set(partFolders.map(\.part)).count == partFolders.count else {
        let names = partFolders.map(\.name).joined(separator: ", ")
        throw DataError("\(path) should have one folder for each of train, val and test, not \(names)")
      }
      for name in folders where PictureSurvey.Part(folder: name) == nil {
        ignore(name, "lies beside \(train ?? ""), so it is neither a part nor a class")
      }
      for (part, folder) in partFolders {
        parts.insert(part)
        known.formUnion(Folder.identity(of: absolute(folder)).map { [$0] } ?? [])
        let (names, loose) = try contents(of: folder)
        for name in loose { ignore("\(folder)/\(name)", "lies in no class") }
        classes += names.map { (part, $0, "\(folder)/\($0)") }
      }
    } else {
      classes = folders.map { (.train, $0, $0) }
    }
    // The folders themselves before links to them.
    let isLink = { (path: String) in (try? Folder.entry(at: path)) == .link }
    let links = Set(classes.map(\.path).filter { isLink(absolute($0)) })
    let ordered = classes.filter { !links.contains($0.path) } + classes.filter { links.contains($0.path) }
    let entered = Set(ordered.map(\.path).filter { enter($0) })
    classes.removeAll { !entered.contains($0.path) }
    guard !classes.isEmpty else {
      throw DataError(
        "\(path) should have a subfolder of pictures for each class, or IDX files such as train-images-idx3-ubyte, and has "
          + "neither")
    }
    classNames = Set(classes.map(\.name)).sorted(by: NaturalOrder.precedes)
    for (part, name, folder) in classes {
      let label = Int32(classNames.firstIndex(of: name) ?? 0)
      addFiles(in: folder, part, label)
    }
  }

  /// The pictures in the folder at `path` and those below it, in natural order: files that begin as pictures do, or are
  /// called so. Throws a `DataError` where a folder cannot be listed.
  static func pictures(below path: String) throws(DataError) -> [String] {
    var folder = PictureFolder(unlisted: path)
    folder.addFiles(in: "", .train, 0)
    if let closed = folder.unreadable.first {
      throw DataError("the folder \(folder.absolute(closed.path)) should be readable")
    }
    return folder.files.map { folder.absolute($0.path) }.filter { file in
      if PictureFormat.isExpected(ofFile: file) { return true }
      let beginning = try? OpenFile(file).next(atMost: 16)
      return beginning.flatMap(PictureFormat.init) != nil
    }
  }

  private init(unlisted path: String) {
    self.path = path
    known = Self.identities(upwardFrom: path)
  }

  private mutating func ignore(_ file: String, _ reason: String) {
    ignored.append(PictureSurvey.Entry(path: file, reason: reason))
  }

  private static func joined(_ folder: String, _ name: String) -> String {
    folder.isEmpty ? name : "\(folder)/\(name)"
  }

  private func absolute(_ file: String) -> String { file.isEmpty ? path : "\(path)/\(file)" }

  /// The folders, and everything else, in a folder. What is hidden is no class.
  private mutating func contents(of folder: String) throws(DataError) -> (folders: [String], others: [String]) {
    var (folders, others): ([String], [String]) = ([], [])
    for name in try names(in: folder) {
      let file = Self.joined(folder, name)
      if name.utf8.first == UInt8(ascii: ".") {
        ignore(file, "is hidden")
      } else if Self.isOfTheSystem(name) {
        ignore(file, "is no picture")
      } else if OpenFile.isFolder(absolute(file)) {
        folders.append(name)
      } else {
        others.append(name)
      }
    }
    return (folders, others)
  }

  /// Whether there are folders in a folder, and no pictures beside them.
  private func hasClasses(_ folder: String) throws(DataError) -> Bool {
    let names = try names(in: folder).filter { $0.utf8.first != UInt8(ascii: ".") && !Self.isOfTheSystem($0) }
    let (folders, files) = (names.filter { OpenFile.isFolder(absolute("\(folder)/\($0)")) }, Set(names))
    return !folders.isEmpty
      && !files.subtracting(folders).contains { PictureFormat.isExpected(ofFile: absolute("\(folder)/\($0)")) }
  }

  private func names(in folder: String) throws(DataError) -> [String] {
    do { return try Folder.names(in: absolute(folder)).sorted(by: NaturalOrder.precedes) } catch {
      throw DataError("the folder \(absolute(folder)) should be readable: \(error)")
    }
  }

  /// Whether programs that show folders leave a file or folder of this name in them.
  private static func isOfTheSystem(_ name: String) -> Bool {
    ["thumbs.db", "desktop.ini", "__macosx"].contains(name.lowercased())
  }

  /// The folder at `path` and all above it.
  private static func identities(upwardFrom path: String) -> Set<Folder.Identity> {
    var (identities, next): (Set<Folder.Identity>, String) = ([], path)
    // The root is above itself.
    while let identity = Folder.identity(of: next), identities.insert(identity).inserted { next += "/.." }
    return identities
  }

  /// Whether a folder is to be read: once, whatever links lead to it.
  private mutating func enter(_ folder: String) -> Bool {
    guard let identity = Folder.identity(of: absolute(folder)), known.insert(identity).inserted else {
      ignore(folder, "is a link to a folder above, or to one that is read by itself")
      return false
    }
    return true
  }

  /// Adds the files in a folder that was entered, and below it.
  private mutating func addFiles(in folder: String, _ part: PictureSurvey.Part, _ label: Int32) {
    var pending = [folder]
    while let next = pending.popLast() {
      do throws(DataError) {
        let (folders, others) = try contents(of: next)
        files += others.map { File(path: Self.joined(next, $0), part: part, label: label) }
        for name in folders.reversed() where enter(Self.joined(next, name)) { pending.append(Self.joined(next, name)) }
      } catch {
        unreadable.append(PictureSurvey.Entry(path: next, reason: "is a folder that cannot be read"))
      }
    }
  }
}

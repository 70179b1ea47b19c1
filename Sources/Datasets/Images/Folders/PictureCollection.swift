import Tensors

/// The pictures of a folder that could be read, and what came of the other files.
struct PictureCollection {
  private let folder: PictureFolder
  private let shape: Shape
  private let fit: PictureFit
  /// Whether the pixels are there, or are read from the files when they are needed.
  private let isInMemory: Bool
  private var pictures: [(file: PictureFolder.File, read: PictureReader.Read)] = []
  private var unreadable: [PictureSurvey.Entry]
  private var ignored: [PictureSurvey.Entry]

  init(
    _ folder: PictureFolder, _ outcomes: [PictureReader.Outcome<PictureReader.Read>], shape: Shape, _ fit: PictureFit,
    isInMemory: Bool
  ) {
    self.isInMemory = isInMemory
    self.folder = folder
    self.shape = shape
    self.fit = fit
    (unreadable, ignored) = (folder.unreadable, folder.ignored)
    for (file, outcome) in zip(folder.files, outcomes) {
      switch outcome {
      case .read(let read): pictures.append((file, read))
      case .unreadable(let reason): unreadable.append(PictureSurvey.Entry(path: file.path, reason: reason))
      case .ignored: ignored.append(PictureSurvey.Entry(path: file.path, reason: "is no picture"))
      }
    }
  }

  /// The sets of each part, with the classes that have pictures to learn from.
  func dataset(testFraction: Double, seed: UInt64, isStrict: Bool) throws(DataError) -> ImageDataset {
    let found = Set(pictures.lazy.filter { $0.file.part == .train }.map(\.file.label))
    if let other = pictures.first(where: { !found.contains($0.file.label) }) {
      throw DataError(
        "\(folder.path) should have pictures of \(folder.classNames[Int(other.file.label)]) to train on, as "
          + "\(other.file.path) is one")
    }
    let labels = folder.classNames.indices.filter { found.contains(Int32($0)) }
    let newLabels = Dictionary(uniqueKeysWithValues: labels.enumerated().map { (Int32($1), Int32($0)) })
    let classNames = labels.map { folder.classNames[$0] }
    var members: [PictureSurvey.Part: [Int]] = Dictionary(grouping: pictures.indices) { pictures[$0].file.part }
    if !folder.parts.contains(.test) {
      let train = members[.train] ?? []
      let split = stratifiedSplit(
        train.map { (pictures[$0].file.label, pictures[$0].read.digest) }, fraction: testFraction, seed: seed)
      members[.train] = split.rest.map { train[$0] }
      members[.test] = split.aside.map { train[$0] }
    }
    let labelsOf = members.mapValues { $0.map { newLabels[pictures[$0].file.label] ?? 0 } }
    let survey = PictureSurvey(
      folder: folder.path, classNames: classNames,
      counts: labelsOf.mapValues { labels in
        labels.reduce(into: [Int](repeating: 0, count: classNames.count)) { $0[Int($1)] += 1 }
      },
      files: members.mapValues {
        $0.map { PictureSurvey.File(path: pictures[$0].file.path, digest: pictures[$0].read.digest) }
      }, unreadable: unreadable, ignored: ignored,
      emptyClasses: folder.classNames.indices.filter { !found.contains(Int32($0)) }.map { folder.classNames[$0] },
      imageShape: shape, fit: fit)
    if isStrict { try survey.checkAllReadable() }
    guard !pictures.isEmpty else {
      let reason = unreadable.first.map { ": \($0.path) \($0.reason)" } ?? ""
      throw DataError("\(folder.path) has no picture that can be read\(reason)")
    }
    func set(_ part: PictureSurvey.Part) throws(DataError) -> ImageSet {
      guard isInMemory else {
        let paths = (members[part] ?? []).map { "\(folder.path)/\(pictures[$0].file.path)" }
        return ImageSet(
          files: PictureFiles(paths: paths, imageShape: shape, fit: fit), labels: labelsOf[part] ?? [])
      }
      var pixels: [UInt8] = []
      pixels.reserveCapacity((members[part]?.count ?? 0) * shape.dimensions.reduce(1, *))
      for place in members[part] ?? [] { pixels += pictures[place].read.pixels }
      return try ImageSet(pixels: pixels, labels: labelsOf[part] ?? [], imageShape: shape)
    }
    return ImageDataset(
      survey, train: try set(.train), validation: members[.validation] == nil ? nil : try set(.validation),
      test: try set(.test))
  }
}

import Files
import Foundation
import Tensors
import Testing

@testable import Datasets

@Suite struct PictureFolderTests {
  /// A gray picture of this brightness.
  private static func gray(_ value: UInt8, size: Int = 4) -> [UInt8] {
    Array("P5 \(size) \(size) 255\n".utf8) + [UInt8](repeating: value, count: size * size)
  }

  /// A folder with these files.
  private static func withFiles<Result>(
    _ files: [String: [UInt8]], _ body: (String) throws -> Result
  ) throws -> Result {
    try withFolder { folder in
      for (path, bytes) in files {
        let file = folder.appending(path: path)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: file)
      }
      return try body(folder.path)
    }
  }

  @Test func classesAreSubfoldersInNaturalOrder() throws {
    let files = Dictionary(
      uniqueKeysWithValues: (1...12).flatMap { number in
        (0..<5).map { ("class \(number)/\($0).pgm", Self.gray(UInt8(number * 10 + $0))) }
      })
    try Self.withFiles(files) { folder in
      let data = try ImageDataset.pictures(folder)
      #expect(data.classNames == (1...12).map { "class \($0)" })
      #expect(data.imageShape == [1, 4, 4])
      #expect(data.train.count == 48 && data.test.count == 12)
      #expect(data.validation == nil)
      for set in [data.train, data.test] {
        for index in 0..<set.count { #expect(Int32(set.pixels[index * 16] / 10) == set.labels[index] + 1) }
      }
      // The same files are chosen each time, and other ones by another seed.
      let (again, other) = (try ImageDataset.pictures(folder), try ImageDataset.pictures(folder, seed: 1))
      #expect(again.test.pixels == data.test.pixels)
      #expect(other.test.pixels != data.test.pixels)
      let all = try ImageDataset.pictures(folder, testFraction: 1)
      #expect(all.train.count == 0 && all.test.count == 60)
    }
  }

  @Test func partsHaveFoldersOfTheirOwn() throws {
    try Self.withFiles([
      "train/a/1.pgm": Self.gray(1), "train/b/deep/er/1.pgm": Self.gray(2), "val/a/1.pgm": Self.gray(3),
      "val/b/1.pgm": Self.gray(4), "test/b/1.pgm": Self.gray(5), "test/b/2.pgm": Self.gray(6), "README.md": [65],
      "train/notes.txt": [65],
    ]) { folder in
      let data = try ImageDataset.pictures(folder)
      #expect(data.classNames == ["a", "b"])
      #expect(data.train.labels == [0, 1])
      #expect(data.validation?.labels == [0, 1])
      #expect(data.test.labels == [1, 1])
      #expect(data.test.pixels.prefix(16) == [UInt8](repeating: 5, count: 16)[...])
      let survey = try #require(data.survey)
      #expect(survey.counts == [.train: [1, 1], .validation: [1, 1], .test: [0, 2]])
      #expect(survey.ignored.map(\.path) == ["README.md", "train/notes.txt"])
      #expect(data.standardized.validation?.standardization == data.standardized.train.standardization)
    }
  }

  /// What lies beside them is no class, and is named.
  @Test func besideTrainOnlyPartsCount() throws {
    try Self.withFiles([
      "train/a/1.pgm": Self.gray(1), "train/b/1.pgm": Self.gray(2), "train/notes.txt": [65],
      "test/a/1.pgm": Self.gray(3), "unsorted/1.pgm": Self.gray(4),
    ]) { folder in
      let data = try ImageDataset.pictures(folder)
      #expect(data.classNames == ["a", "b"] && data.train.count == 2 && data.test.count == 1)
      let survey = try #require(data.survey)
      #expect(
        survey.lines().contains("  unsorted lies beside train, so it is neither a part nor a class"),
        "\(survey.lines())")
    }
  }

  @Test func aClassMayBeCalledTrain() throws {
    try Self.withFiles(["train/1.pgm": Self.gray(1), "bus/1.pgm": Self.gray(2)]) { folder in
      let data = try ImageDataset.pictures(folder, testFraction: 0)
      #expect(data.classNames == ["bus", "train"])
    }
  }

  /// Five broken files, an empty class, a text and other things that lie in folders of pictures.
  @Test func leavesOutAndNamesWhatCannotBeRead() throws {
    let png = PictureFixtures.file("png rgb 8")
    try Self.withFiles([
      "cats/1.png": png, "cats/2.png": png, "cats/broken.png": Array(png.dropLast(20)), "cats/empty.jpg": [],
      "cats/text.jpeg": Array("not a picture".utf8), "dogs/1.jpg": PictureFixtures.file("jpeg 4:2:0"),
      "dogs/animated.gif": Array("GIF89a".utf8), "dogs/cut.jpg": Array(PictureFixtures.file("jpeg 4:2:0").dropLast(40)),
      "dogs/notes.txt": Array("some dogs".utf8), "dogs/Thumbs.db": [1], "dogs/.DS_Store": [1], "birds/list.csv": [65],
      "stray.png": png, ".git/config": [65],
    ]) { folder in
      let data = try ImageDataset.pictures(folder, testFraction: 0)
      #expect(data.classNames == ["cats", "dogs"])
      #expect(data.train.labels == [0, 0, 1])
      // The sizes differ, so it is not theirs.
      #expect(data.imageShape == [3, 64, 64])
      let survey = try #require(data.survey)
      #expect(
        survey.unreadable.map(\.path) == [
          "cats/broken.png", "cats/empty.jpg", "cats/text.jpeg", "dogs/animated.gif", "dogs/cut.jpg",
        ])
      #expect(survey.emptyClasses == ["birds"])
      #expect(
        Set(survey.ignored.map(\.path)) == [
          ".git", "stray.png", "birds/list.csv", "dogs/.DS_Store", "dogs/Thumbs.db", "dogs/notes.txt",
        ])
      let text = survey.lines().joined(separator: "\n")
      for part in [
        "2 classes, 3 to train; as 3 × 64 × 64, cropped", "cats: 2 to train", "as 5 files cannot be read",
        "cats/broken.png is a damaged PNG", "dogs/animated.gif is GIF", "no pictures: birds",
        "dogs/notes.txt is no picture", "stray.png lies in no class",
      ] {
        #expect(text.contains(part), "\(part) in:\n\(text)")
      }
      #expect(survey.lines(limit: 2).contains("  and 3 more"))
      let error = try #require(throws: DataError.self) { try ImageDataset.pictures(folder, isStrict: true) }
      #expect(error.message.contains("5 files that cannot: cats/broken.png is a damaged PNG"))
    }
  }

  @Test func linksInACircleComeToAnEnd() throws {
    try Self.withFiles(["a/1.pgm": Self.gray(1), "b/1.pgm": Self.gray(2)]) { folder in
      for (link, target) in [
        ("a/again", ".."), ("a/other", "../b"), ("b/other", "../a"), ("a/2.pgm", "1.pgm"),
        ("a/gone.pgm", "missing"),
      ] {
        try FileManager.default.createSymbolicLink(
          atPath: "\(folder)/\(link)", withDestinationPath: target)
      }
      let data = try ImageDataset.pictures(folder, testFraction: 0)
      // Of `a`: its own and the link to it. What is above, and other classes, are no part of it.
      #expect(data.train.labels == [0, 0, 1])
      let gone = data.survey?.unreadable.first { $0.path == "a/gone.pgm" }
      #expect(gone?.reason == "is a link to a file that does not exist")
    }
  }

  @Test func aLinkToWhatIsAboveIsNoClass() throws {
    try Self.withFiles(["here/a/1.pgm": Self.gray(1), "here/b/1.pgm": Self.gray(2), "other/1.pgm": Self.gray(3)]) {
      folder in
      for (link, target) in [("self", "."), ("up", ".."), ("c", "b"), ("a/deep", "../.."), ("linked", "../other")] {
        try FileManager.default.createSymbolicLink(atPath: "\(folder)/here/\(link)", withDestinationPath: target)
      }
      let data = try ImageDataset.pictures("\(folder)/here", testFraction: 0)
      #expect(data.classNames == ["a", "b", "linked"] && data.train.labels == [0, 1, 2])
      #expect(Set(try #require(data.survey).ignored.map(\.path)) == ["self", "up", "c", "a/deep"])
    }
  }

  @Test(.enabled(if: getuid() != 0, "the superuser reads any folder")) func aFolderThatCannotBeReadIsLeftOut() throws {
    try Self.withFiles(["a/1.pgm": Self.gray(1), "b/1.pgm": Self.gray(2), "b/closed/2.pgm": Self.gray(3)]) { folder in
      let closed = "\(folder)/b/closed"
      try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: closed)
      defer { try? FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: closed) }
      let survey = try #require(try ImageDataset.pictures(folder, testFraction: 0).survey)
      #expect(survey.unreadable.map(\.path) == ["b/closed"] && survey.count(of: .train) == 2)
      #expect(throws: DataError.self) { try ImageDataset.pictures(folder, isStrict: true) }
    }
  }

  /// Adding, removing and renaming files moves at most those at the border of the split.
  @Test func theSplitFollowsFromThePicturesAlone() throws {
    func files(_ numbers: some Sequence<Int>) -> [String: [UInt8]] {
      Dictionary(uniqueKeysWithValues: numbers.map { ("\($0 % 2)/\($0).pgm", Self.gray(UInt8($0))) })
    }
    func test(_ files: [String: [UInt8]], seed: UInt64) throws -> Set<UInt8> {
      try Self.withFiles(files) { folder in
        let data = try ImageDataset.pictures(folder, seed: seed)
        #expect(data.test.count == Int((Double(files.count) * 0.2).rounded()) || files.count % 10 != 0)
        return Set(stride(from: 0, to: data.test.pixels.count, by: 16).map { data.test.pixels[$0] })
      }
    }
    for seed in 0..<4 as Range<UInt64> {
      let whole = try test(files(0..<200), seed: seed)
      #expect(whole.count == 40)
      for one in [0, 57, 199] {
        let fewer = try test(files((0..<200).filter { $0 != one }), seed: seed)
        #expect(whole.symmetricDifference(fewer).count <= 2, "\(one)")
      }
      let renamed = files(0..<200).map { ("\($0.key.prefix(2))new \($0.key.dropFirst(2))", $0.value) }
      #expect(try test(Dictionary(uniqueKeysWithValues: renamed), seed: seed) == whole)
    }
  }

  /// Equal pictures of a class are not torn apart, and those of two parts are counted.
  @Test func equalPicturesStayTogether() throws {
    var files: [String: [UInt8]] = [:]
    // Two of each picture, both of the same class.
    for index in 0..<40 { files["\(index % 2)/\(index).pgm"] = Self.gray(UInt8(index / 4 * 2 + index % 2)) }
    try Self.withFiles(files) { folder in
      let data = try ImageDataset.pictures(folder)
      let (train, test) = (Set(data.train.pixels), Set(data.test.pixels))
      #expect(train.isDisjoint(with: test) && data.test.count > 0)
    }
    try Self.withFiles([
      "train/a/1.pgm": Self.gray(1), "train/b/1.pgm": Self.gray(2), "test/a/1.pgm": Self.gray(1),
      "test/b/1.pgm": Self.gray(3),
    ]) { folder in
      let lines = try #require(try ImageDataset.pictures(folder).survey).lines()
      #expect(lines.contains("note: 1 of those to test are also among those to train"), "\(lines)")
    }
  }

  @Test func namesMayHaveAnyBytes() throws {
    try withFolder { folder in
      let name = FilePath.string(of: [0x63, 0xFF, 0xFE])
      try Folder.create("\(folder.path)/\(name)")
      try Folder.create("\(folder.path)/other")
      for path in ["\(name)/1\(name).pgm", "other/1.pgm"] {
        let file = try FileDescriptor.creating("\(folder.path)/\(path)")
        try file.write(Data(Self.gray(7)))
        try file.close()
      }
      let data = try ImageDataset.pictures(folder.path, testFraction: 0)
      #expect(data.classNames.map(FilePath.bytes) == [[0x63, 0xFF, 0xFE], Array("other".utf8)])
    }
  }

  @Test(
    arguments: [
      ([:], "should have a subfolder of pictures for each class"),
      (["1.pgm": gray(1)], "such as train-images-idx3-ubyte"),
      (["a/1.txt": [65]], "has no picture that can be read"),
      (["train/a/1.pgm": gray(1), "test/b/1.pgm": gray(1)], "should have pictures of b to train on"),
      (["train/a/1.pgm": gray(1), "val/a/1.pgm": gray(1), "valid/a/1.pgm": gray(1)], "one folder for each of train"),
    ] as [([String: [UInt8]], String)])
  func refuses(files: [String: [UInt8]], message: String) throws {
    try Self.withFiles(files) { folder in
      let error = try #require(throws: DataError.self) { try ImageDataset.pictures(folder) }
      #expect(error.message.contains(message), "\(error)")
    }
  }

  @Test func preparesAsItIsTold() throws {
    let files = ["a/1.png": PictureFixtures.file("png rgb 8"), "b/1.png": PictureFixtures.file("png gray 8")]
    try Self.withFiles(files) { folder in
      // All have one size, which is small.
      let own = try ImageDataset.pictures(folder)
      #expect(own.imageShape == [3, 7, 9])
      let square = PicturePreparation(channels: 1, size: .init(height: 6, width: 6), fit: .stretch)
      let data = try ImageDataset.pictures(folder, preparedBy: square, testFraction: 0)
      #expect(data.imageShape == [1, 6, 6])
      #expect(data.survey?.fit == .stretch)
      let one = try ImageFile.pixels("\(folder)/a/1.png", shape: [1, 6, 6], fit: .stretch)
      #expect(data.train.pixels.prefix(36) == one[...])
      for wrong in [
        PicturePreparation(channels: 2), PicturePreparation(size: .init(height: 0, width: 1)),
        PicturePreparation(size: .init(height: .max, width: .max)),
      ] {
        #expect(throws: DataError.self) { try ImageDataset.pictures(folder, preparedBy: wrong) }
      }
      for fraction in [-1, 1.5, .nan] {
        #expect(throws: DataError.self) { try ImageDataset.pictures(folder, testFraction: fraction) }
      }
      let large = PicturePreparation(size: .init(height: 1 << 12, width: 1 << 12))
      #expect(throws: DataError.self) {
        try ImageDataset.pictures("\(folder)/missing", preparedBy: large)
      }
    }
  }

  /// Pictures that do not fit into memory are read when they are needed, with the same pixels.
  @Test func aLargeFolderIsReadWhenItIsNeeded() throws {
    let files = Dictionary(
      uniqueKeysWithValues: (0..<11).map { ("\($0 % 2 == 0 ? "even" : "odd")/\($0).pgm", Self.gray(UInt8($0))) })
    try Self.withFiles(files) { folder in
      func data(memory: Int) throws -> ImageDataset {
        try ImageDataset.pictures(
          folder, preparedBy: PicturePreparation(), testFraction: 0.2, seed: 3, isStrict: true, memory: memory)
      }
      let (kept, read) = (try data(memory: 1000), try data(memory: 11 * 16 - 1))
      #expect(kept.train.pixels.count == 16 * kept.train.count)
      #expect(read.train.pixels.isEmpty && read.train.count == 9)
      #expect(read.standardized.train.standardization == kept.standardized.train.standardization)
      for (a, b) in [(kept, read), (kept.standardized, read.standardized)] {
        for (a, b) in [
          (a.train, b.train), (a.test, b.test), (try a.train.subset([4, 0]), try b.train.subset([4, 0])),
        ] {
          #expect(a.labels == b.labels)
          #expect(try a[0] == b[0])
          for size in [1, 2, 4, 100] {
            var (first, second) = (SeededGenerator(seed: 9), SeededGenerator(seed: 9))
            let (x, y) = (a.batches(of: size, shuffledBy: &first), b.batches(of: size, shuffledBy: &second))
            for (x, y) in zip(x, y) {
              #expect(try x.images.values() == y.images.values())
              #expect(x.indices == y.indices)
            }
            #expect(try x[0].images.values() == y[0].images.values())
          }
        }
      }
      #expect(throws: DataError.self) { try read.train[9] }

      // A file that is gone is an error of its batch.
      try FileManager.default.removeItem(atPath: "\(folder)/even")
      let error = try #require(throws: TensorError.self) { try read.train.batches(of: 9)[0].images.values() }
      #expect(error.message.contains("even/") && error.message.contains("should exist"))
    }
  }

  @Test(arguments: [
    ["2", "10"], ["a2b", "a10a"], ["01", "1", "2"], ["", "a"], ["a", "b"], ["A", "a"], ["x9", "x09a"], ["9", "a"],
    ["99999999999999999999998", "99999999999999999999999"],
  ])
  func numbersAreOrderedByTheirValue(names: [String]) {
    #expect(Array(names.reversed()).sorted(by: NaturalOrder.precedes) == names)
    for name in names { #expect(!NaturalOrder.precedes(name, name)) }
  }
}

import Foundation
import Testing

/// The command with folders of pictures.
struct PictureTests {
  /// Calls `body` with a folder in which `photos` has dark pictures in `2 dark`, bright ones in `10 bright`, five broken
  /// ones, an empty class and a text.
  private func withPhotos(_ body: (URL) throws -> Void) throws {
    try withFolder { folder in
      func write(_ path: String, _ bytes: [UInt8]) throws {
        let file = folder.appending(path: path)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: file)
      }
      for number in 0..<20 {
        for (name, value) in [("2 dark", 10 + number), ("10 bright", 240 - number)] {
          let pixels = [UInt8](repeating: UInt8(value), count: 192)
          try write("photos/\(name)/\(number).ppm", Array("P6 8 8 255\n".utf8) + pixels)
        }
      }
      for number in 0..<5 { try write("photos/2 dark/broken \(number).png", [0x89, 0x50, 0x4E, 0x47, UInt8(number)]) }
      try write("photos/notes.txt", [65])
      try FileManager.default.createDirectory(
        at: folder.appending(path: "photos/empty"), withIntermediateDirectories: true)
      try body(folder)
    }
  }

  private func shell(_ line: String, in folder: URL) throws -> CommandTests.Outcome {
    let command: URL = try #require(CommandTests.command, "build the product 'backprop' first")
    return try CommandTests().run(
      [], environment: ["B": command.path, "F": folder.path, "L": line], script: "cd \"$F\" && timeout 100 sh -c \"$L\""
    )
  }

  @Test func aFolderTrainsAndPredicts() throws {
    try withPhotos { folder in
      let train = #""$B" train image --data photos --model mlp --epochs 20 --seed 0 --output r"#
      let trained = try shell(train, in: folder)
      try #require(trained.status == 0, "\(trained.errors)")
      for part in [
        "2 classes, 32 to train, 8 to test", "5 files cannot be read", "photos/2 dark/broken 3.png",
        "no pictures: empty", "notes.txt lies in no class", "2 dark: 16 to train, 4 to test",
      ] {
        #expect(trained.errors.contains(part.replacing("photos/", with: "")), "\(part) in \(trained.errors)")
      }
      #expect(trained.output.contains("test accuracy 1.0000 (8 of 8)"))
      let evaluated = try shell(
        #""$B" evaluate r && "$B" evaluate r --data photos && "$B" evaluate r --data ./photos/"#, in: folder)
      #expect(evaluated.output.components(separatedBy: "(8 of 8)").count == 4, "\(evaluated)")

      let predicted = try shell(
        #"printf GIF89a > new.gif; "$B" predict r photos/*dark/1.ppm "photos/10 bright" new.gif --csv --top 1"#,
        in: folder)
      let lines = predicted.output.split(separator: "\n")
      #expect(lines.count == 23)
      #expect(lines.first == "file,label,probability,error")
      #expect(lines[1].hasPrefix("photos/2 dark/1.ppm,2 dark,"))
      #expect(lines[3].hasPrefix("photos/10 bright/1.ppm,10 bright,"))
      // In natural order, 2 before 10.
      #expect(lines[4].hasPrefix("photos/10 bright/2.ppm,"))
      #expect(lines[22].hasPrefix(#"new.gif,,,"new.gif is GIF, which is not read"#))
      #expect(predicted.status == 1 && predicted.errors.contains("1 of 22 files cannot be read"))

      let json = try shell(#""$B" predict r photos/*dark/1.ppm new.gif --json"#, in: folder)
      let entries = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]])
      #expect(entries.count == 2)
      #expect((entries[0]["predictions"] as? [[String: Any]])?.first?["label"] as? String == "2 dark")
      #expect(entries[0]["error"] == nil && (entries[1]["error"] as? String)?.contains("is GIF") == true)
      let one = try shell(#""$B" predict r new.gif"#, in: folder)
      #expect(one.status == 2 && one.errors.hasPrefix("error: new.gif is GIF"), "\(one.errors)")
      #expect(one.output.hasPrefix("new.gif is GIF"))
      let alone = try shell(#""$B" predict r nowhere.png --json"#, in: folder)
      #expect(alone.status == 2 && alone.output.hasPrefix(#"[{"error":"nowhere.png"#), "\(alone)")
    }
  }

  /// What was named is a wrong request; what a folder has is not.
  @Test(arguments: [
    ("nowhere.png new.gif", 2, "2 of 2 files cannot be read; the first: nowhere.png"),
    ("nowhere.png photos/*dark/1.ppm", 1, "1 of 2 files cannot be read"), ("bad", 1, "bad/x.png"),
    ("photos/*dark/1.ppm --index 1", 2, "index"),
    ("images.idx --index 0 --index 9", 2, "has 2 images, so the index should be from 0 to 1, not 9"),
  ])
  func filesWithoutAPredictionHaveAStatus(arguments: String, status: Int32, message: String) throws {
    try withPhotos { folder in
      let outcome = try shell(
        #"""
        "$B" train image --data photos --model mlp --steps 2 --seed 0 --quiet --output r > /dev/null 2>&1; mkdir bad
        printf GIF89a > new.gif; printf 0 > bad/x.png
        { printf '\000\000\010\003\000\000\000\002\000\000\000\010\000\000\000\010'; head -c 128 /dev/zero; } > images.idx
        "$B" predict r \#(arguments)
        """#, in: folder)
      #expect(outcome.status == status && outcome.errors.contains(message), "\(outcome)")
    }
  }

  @Test func flipsOfDigitsCanBeAllowed() throws {
    try withPhotos { folder in
      let (start, note) = (#"mv photos/2* photos/2; mv photos/10* photos/10; "#, "--flips yes flips them")
      let train = #""$B" train image --data photos --model mlp --steps 2 --seed 0 --output"#
      let none = try shell(start + train + " a --augment light", in: folder)
      #expect(none.status == 0 && none.errors.contains(note), "\(none.errors)")
      let flipped = try shell(train + " b --augment light --flips yes", in: folder)
      #expect(flipped.status == 0 && !flipped.errors.contains("flip"), "\(flipped.errors)")
      let resumed = try shell(#""$B" train image --resume --output b --flips no"#, in: folder)
      #expect(resumed.status == 2 && resumed.errors.contains("which has yes"), "\(resumed.errors)")
      let wrong = try shell(train + " c --flips yes", in: folder)
      #expect(wrong.status == 2 && wrong.errors.contains("--flips is for --augment light or strong"), "\(wrong.errors)")
      let shown = try shell(#""$B" data show photos --augmented --count 1"#, in: folder)
      #expect(shown.output.contains(note), "\(shown.output)")
    }
  }

  /// A new head that is frozen would stay random.
  @Test func aNewHeadIsNotFrozen() throws {
    try withPhotos { folder in
      let outcome = try shell(
        #"""
        "$B" train image --data photos --model mlp --steps 2 --seed 0 --quiet --output r > /dev/null 2>&1
        mkdir more; cp -r photos/*dark more/a; cp -r photos/*bright more/b; cp -r photos/*dark more/c
        "$B" summary r | awk 'NR > 1 && $1 != "total" { name = $1 } END { print name ".*" }' > head
        "$B" train image --data more --from r --freeze "$(cat head)" --steps 2 --output s
        """#, in: folder)
      #expect(outcome.status == 2 && outcome.errors.contains("would keep the random values of"), "\(outcome)")
    }
  }

  @Test func otherClassesAreRefusedByName() throws {
    try withPhotos { folder in
      let made = try shell(
        #"""
        "$B" train image --data photos --model mlp --size 4 --steps 1 --seed 0 --quiet --output r &&
        cp -r photos other && mv "other/2 dark" other/grim && rm other/grim/*.png && cp -r photos more &&
        cp -r "more/2 dark" more/3
        """#, in: folder)
      try #require(made.status == 0, "\(made.errors)")
      let other = try shell(#""$B" evaluate r --data other"#, in: folder)
      #expect(other.status == 2)
      #expect(
        other.errors.contains("which are 2 dark, 10 bright, but it has grim, which the network does not know"),
        "\(other.errors)")
      let more = try shell(#""$B" evaluate r --data more"#, in: folder)
      #expect(more.errors.contains("but it has 3, which the network does not know"), "\(more.errors)")
      let unknown = try shell(#"sed -i 's/"crop"/"fold"/' r/model.json; "$B" predict r photos"#, in: folder)
      #expect(unknown.status == 2 && unknown.errors.contains("crop or stretch, not 'fold'"), "\(unknown.errors)")
    }
  }

  /// Classes are matched by name: some of them are enough, and another order is refused.
  @Test func someOfTheClassesAreEnough() throws {
    try withPhotos { folder in
      let made = try shell(
        #"""
        "$B" train image --data photos --model mlp --epochs 20 --seed 0 --quiet --output r > /dev/null &&
        mkdir some && cp -r "photos/10 bright" some
        """#, in: folder)
      try #require(made.status == 0, "\(made.errors)")
      let some = try shell(#""$B" evaluate r --data some"#, in: folder)
      #expect(some.errors.contains("some has no pictures of 1 of the 2 classes: 2 dark"), "\(some.errors)")
      #expect(some.output.contains("test accuracy 1.0000 (20 of 20)"), "\(some.output)")
      let drawn = try shell(#""$B" predict r --data some --count 1 --json"#, in: folder)
      #expect(
        drawn.output.contains(#""truth":"10 bright""#) && drawn.output.contains(#""index":1,"label":"10 bright""#),
        "\(drawn)")
      let swapped = try shell(
        #"sed -i 's/"2 dark"/"X"/; s/"10 bright"/"2 dark"/; s/"X"/"10 bright"/' r/model.json; "$B" evaluate r --data photos"#,
        in: folder)
      #expect(
        swapped.status == 2 && swapped.errors.contains("in the order of the network's, which is 10 bright, 2 dark"),
        "\(swapped)")
    }
  }

  /// Names may have any characters (RFC 4180).
  @Test func namesAreQuotedInCSV() throws {
    try withPhotos { folder in
      let outcome = try shell(
        #"""
        "$B" train image --data photos --model mlp --steps 1 --seed 0 --quiet --output r > /dev/null && mkdir odd &&
        cp photos/*dark/1.ppm 'odd/a,b.ppm' && cp photos/*dark/1.ppm 'odd/c
        d.ppm' && cp photos/*dark/1.ppm 'odd/e"f.ppm' && "$B" predict r odd --csv --top 1
        """#, in: folder)
      #expect(outcome.status == 0, "\(outcome.errors)")
      for name in ["\n\"odd/a,b.ppm\",", "\n\"odd/c\nd.ppm\",", "\n\"odd/e\"\"f.ppm\","] {
        #expect(outcome.output.contains(name), "\(outcome.output)")
      }
    }
  }

  /// All pictures of another folder are evaluated on, and only the test set of the run's own.
  @Test func anotherFolderIsEvaluatedAsAWhole() throws {
    try withPhotos { folder in
      let outcome = try shell(
        #"""
        "$B" train image --data photos --model mlp --steps 1 --seed 0 --quiet --output r && cp -r photos other &&
        "$B" evaluate r --data other
        """#, in: folder)
      #expect(outcome.output.contains("of 40)"), "\(outcome)")
    }
  }

  @Test(arguments: [
    ("train image --data photos --strict --steps 1", "5 files that cannot: 2 dark/broken 0.png is a damaged PNG"),
    ("train image --data digits --size 16 --steps 1", "--size is for folders of pictures"),
    ("train image --data photos --size 0", "--size must be from 1 to 4096, not 0"),
    ("train image --data photos/empty", "should have a subfolder of pictures for each class"),
  ])
  func refuses(arguments: String, message: String) throws {
    try withPhotos { folder in
      let outcome = try shell("\"$B\" \(arguments)", in: folder)
      #expect(outcome.status == 2 && outcome.errors.contains(message), "\(outcome.errors)")
    }
  }
}

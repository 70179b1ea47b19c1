import Files
import Foundation
import Testing

@testable import Datasets

/// What is downloaded is the published file, and what is in it.
struct DownloadTests {
  /// FIPS 180-2, appendix B, and Python's `hashlib` for lengths around those of a block.
  @Test func digestsAreThoseOfTheStandard() {
    let million = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
    #expect(
      SHA256.hexadecimal(of: Array("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(SHA256.hexadecimal(of: million) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    for (count, digest) in [
      (0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      (55, "463eb28e72f82e0a96c0a4cc53690c571281131f672aa229e0d45ae59b598b59"),
      (56, "da2ae4d6b36748f2a318f23e7ab1dfdf45acdc9d049bd80e59de82a60895f562"),
      (63, "29af2686fd53374a36b0846694cc342177e428d1647515f078784d69cdb9e488"),
      (64, "fdeab9acf3710362bd2658cdc9a29e8f9c757fcf9811603a8c447cd1d9151108"),
      (65, "4bfd2c8b6f1eec7a2afeb48b934ee4b2694182027e6d0fc075074f2fabb31781"),
      (119, "da18797ed7c3a777f0847f429724a2d8cd5138e6ed2895c3fa1a6d39d18f7ec6"),
      (120, "f52b23db1fbb6ded89ef42a23ce0c8922c45f25c50b568a93bf1c075420bbb7c"),
    ] {
      #expect(SHA256.hexadecimal(of: (0..<count).map { UInt8($0 % 251) }) == digest, "\(count)")
    }
  }

  /// `tar --format=ustar` of `set/a.bin` with `one`, and of `set/deep/b.bin` with 600 times `b`.
  private static let archive = Array(
    Data(
      base64Encoded: """
        H4sIAAAAAAACA+3VQQrCMBCF4RylJ7Ad2zTnaTCLbqqYen/HriSCIjiB4v9tJmQTwmNmclpbZ6xTwfutqrK+nmUrjXcV3PI6XfX5X3zy+XM7kTX/\
        6RDnxTj/cRje5N+X+Qe9ajryN3deksP/evT/KaVLa9z/X87/IJ75XzX/aLcEPsx/kb7MX8Yj87+KCBhgswIAAAAAAAAAAAD13QEhyIaxACgAAA==
        """) ?? Data())

  private static let file = DataSource.File(
    "set.tgz", size: 166, sha256: "548c73e035de6877f48765803ac6e8be663e6f0aa1c21dcf3306d80a36c933f7",
    members: ["b.bin", "a.bin"])

  @Test func filesAreTakenOutOfArchives() throws {
    let contents = try Self.file.contents(of: Self.archive)
    #expect(contents.map(\.name) == ["b.bin", "a.bin"])
    #expect(contents.map(\.bytes) == [[UInt8](repeating: UInt8(ascii: "b"), count: 600), Array("one".utf8)])
  }

  @Test func otherBytesAreRefused() throws {
    var damaged = Self.archive
    damaged[100] ^= 1
    var other = Self.file
    other.members = ["c.bin"]
    for (file, bytes, message) in [
      (Self.file, damaged, "should have the SHA-256 548c73e035de"), (Self.file, [], "should have 166 bytes"),
      (other, Self.archive, "should have a file c.bin in it"),
    ] {
      let error = try #require(throws: DataError.self) { try file.contents(of: bytes) }
      #expect(error.message.contains(message), "\(error)")
    }
  }

  /// Headers that claim more than there is, or no number.
  @Test(arguments: [("77777777777", "ends in the middle"), ("0000000009x", "ends in the middle"), ("-1", "ends in")])
  func damagedArchivesAreAnError(size: String, message: String) throws {
    var bytes = [UInt8](repeating: 0, count: 1024)
    bytes.replaceSubrange(0..<5, with: Array("a.bin".utf8))
    bytes.replaceSubrange(124..<124 + size.utf8.count, with: Array(size.utf8))
    let failure = try #require(throws: FileFailure.self) { try TarArchive.files(["a.bin"], in: bytes) }
    #expect(failure.reason.contains(message))
  }

  @Test func everyNamedSetThatIsNotBuiltInCanBeDownloaded() {
    #expect(Set(DataSource.known.map(\.name)) == Set(ImageDataset.knownNames).subtracting(["digits"]))
    for source in DataSource.known {
      #expect(source.address.hasSuffix("/"))
      for file in source.files { #expect(file.sha256.count == 64 && file.size > 0, "\(file.name)") }
    }
  }
}

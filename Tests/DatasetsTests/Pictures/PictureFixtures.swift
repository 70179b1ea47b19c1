import Foundation

@testable import Datasets

/// `Tests/Fixtures/pictures.json`, which `tools/make_picture_fixtures.py` makes with Pillow.
struct PictureFixtures: Decodable {
  /// A file, and its pixels in colors and in gray.
  struct File: Decodable, CustomStringConvertible {
    var name: String
    var file: Data
    var height: Int
    var width: Int
    var rgb: Data
    var gray: Data

    var bytes: [UInt8] { [UInt8](file) }
    var description: String { name }
  }

  /// A file in other sizes.
  struct Resized: Decodable {
    struct Size: Decodable, CustomStringConvertible {
      var channels: Int?
      var width: Int
      var height: Int
      var fit: PictureFit?
      var pixels: Data

      var description: String { "\(width) × \(height), \(channels ?? 3) channels, \(fit ?? .crop)" }
    }

    var file: Data
    var sizes: [Size]
  }

  var pictures: [File]
  var resized: Resized
  var shrunk: Resized

  static let all: PictureFixtures = {
    let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Fixtures/pictures.json")
    guard let all = try? JSONDecoder().decode(PictureFixtures.self, from: Data(contentsOf: file)) else {
      preconditionFailure("Tests/Fixtures/pictures.json should be there; tools/make_picture_fixtures.py makes it")
    }
    return all
  }()

  /// The file of this name.
  static func file(_ name: String) -> [UInt8] { all.pictures.first { $0.name == name }?.bytes ?? [] }
}

/// The greatest difference of two lists of samples; `nil` where they are not equally many.
func greatestDifference(_ a: [UInt8], _ b: Data) -> Int? {
  guard a.count == b.count else { return nil }
  return zip(a, b).map { abs(Int($0) - Int($1)) }.max()
}

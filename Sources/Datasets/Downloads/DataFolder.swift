import Foundation

/// Where the data sets that have names are looked for, each in a folder of its name.
package enum DataFolder {
  /// The user's own, to which `backprop data fetch` writes: `BACKPROP_DATA`, else `backprop` in `XDG_DATA_HOME`, by
  /// default `~/.local/share`. `nil` where the environment names none of them.
  package static var own: String? {
    let environment = ProcessInfo.processInfo.environment
    func path(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
    if let folder = path("BACKPROP_DATA") { return folder }
    // The XDG specification tells programs to ignore relative paths.
    let home = path("XDG_DATA_HOME").flatMap { $0.hasPrefix("/") ? $0 : nil }
    return (home ?? path("HOME").map { $0 + "/.local/share" }).map { $0 + "/backprop" }
  }

  /// The system's, where Debian's packages of data sets put them.
  private static let shared = "/usr/share/datasets"

  /// The folders that may have the data set called `name`, the user's own first.
  static func places(of name: String) -> [URL] {
    [own, shared].compactMap { $0 }.map { URL(fileURLWithPath: "\($0)/\(name)", isDirectory: true) }
  }

  /// The first of these folders for which `hasData` holds. Throws a `DataError` that names them and gives `advice`
  /// where it holds for none. A given `folder` is the only one.
  static func place(
    of name: String, in folder: URL?, advice: String, where hasData: (URL) -> Bool
  ) throws(DataError) -> URL {
    let places = folder.map { [$0] } ?? places(of: name)
    guard let place = places.first(where: hasData) else {
      throw DataError("\(name) is not in \(places.map(\.path).joined(separator: " or ")): \(advice)")
    }
    return place
  }
}

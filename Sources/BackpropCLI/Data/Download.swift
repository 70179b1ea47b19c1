import CProcess
import Files
import Foundation

/// A download by the program curl, which knows redirections, proxies and certificates. A library for that would be one
/// more that every start of the command loads.
struct Download {
  private let address: String
  private let size: Int

  /// Of a file of so many bytes.
  init(_ address: String, size: Int) { (self.address, self.size) = (address, size) }

  /// What stands before the names of files: the beginning of an address as it is, and of a folder its address.
  static func address(_ place: String) -> String {
    if place.contains("://") { return place.hasSuffix("/") ? place : place + "/" }
    let path = place.hasPrefix("/") ? place : FileManager.default.currentDirectoryPath + "/" + place
    let bytes = FilePath.bytes(of: path).map { byte in
      let isPlain = byte < 128 && (Character(Unicode.Scalar(byte)).isLetter || Character(Unicode.Scalar(byte)).isNumber)
      let digits = String(byte, radix: 16, uppercase: true)
      return isPlain || Array("/-._~".utf8).contains(byte)
        ? String(Unicode.Scalar(byte)) : "%" + (byte < 16 ? "0" : "") + digits
    }
    return "file://" + bytes.joined() + "/"
  }

  /// Downloads to the file at `path`; `report` is told how many bytes there are so far. Throws a `WorkError` that says
  /// why where that fails, and `Interrupted` after Ctrl-C.
  func run(to path: String, report: (Int) -> Void) throws {
    let process = Process()
    process.executableURL = try Self.program()
    process.arguments = [
      "--fail", "--location", "--silent", "--show-error", "--proto", "=http,https,file", "--connect-timeout", "30",
      "--speed-limit", "1", "--speed-time", "60", "--max-filesize", "\(size)", "--output", path, "--", address,
    ]
    let errors = Pipe()
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = errors
    backprop_request_when_interrupted()
    do { try process.run() } catch { throw WorkError("the program curl cannot be started: \(error)") }
    while process.isRunning, backprop_is_interrupted() == 0 {
      usleep(50_000)
      if let count = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int { report(count) }
    }
    if backprop_is_interrupted() != 0 {
      process.terminate()
      process.waitUntilExit()
      throw Interrupted(description: "interrupted; nothing of \(address) was stored")
    }
    process.waitUntilExit()
    guard process.terminationStatus != 0 || process.terminationReason != .exit else { return }
    let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    throw WorkError(
      "\(address) cannot be downloaded: \(Self.reason(text, process.terminationStatus)); try again later, or name another "
        + "place that has the file with --from")
  }

  /// What curl says, without its name and number: "curl: (6) Could not resolve host: …".
  private static func reason(_ text: String, _ status: Int32) -> String {
    let line = text.split(separator: "\n").first { $0.hasPrefix("curl: ") } ?? ""
    let reason = line.drop { $0 != ")" }.dropFirst().drop { $0 == " " }
    return reason.isEmpty ? "curl ended with status \(status)" : String(reason)
  }

  private static func program() throws -> URL {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    let found = folders.map { "\($0)/curl" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    guard let found else {
      throw WorkError(
        "downloads need the program curl, which is not in PATH; install it, for instance 'apt install curl'")
    }
    return URL(fileURLWithPath: found)
  }
}

import Foundation
import Testing

@testable import Files

struct FileDescriptorTests {
  /// A non-blocking pipe accepts a part, then nothing until it is read.
  @Test func aFullPipeIsWaitedFor() async throws {
    let pipe = Pipe()
    let writing = pipe.fileHandleForWriting
    let descriptor = FileDescriptor(writing.fileDescriptor)
    #expect(fcntl(descriptor.number, F_SETFL, O_NONBLOCK) == 0)
    let data = Data((0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) })
    let written = Task.detached {
      defer { try? writing.close() }
      try descriptor.write(data)
    }
    #expect(pipe.fileHandleForReading.readDataToEndOfFile() == data)
    try await written.value
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full"))) func failuresHaveASentence() throws {
    let full = try FileDescriptor.appending(to: "/dev/full")
    let error = #expect(throws: SystemError.self) { try full.write(Data([1])) }
    #expect(error?.code == ENOSPC && error?.description == "No space left on device")
    try full.close()
    #expect(throws: SystemError.self) { try FileDescriptor.creating("/nowhere/file") }
  }
}

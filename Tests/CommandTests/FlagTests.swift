import Foundation
import Testing

@testable import BackpropCLI

/// Every flag and argument of every subcommand, as the command lists them itself, with unusual values.
struct FlagTests {
  struct Flag: Sendable, CustomTestStringConvertible {
    var command: [String]
    /// `--name`, or `nil` for a positional argument.
    var option: String?
    var name: String

    var testDescription: String { (command + [option ?? name]).joined(separator: " ") }
  }

  /// What `--experimental-dump-help` writes.
  private struct Dump: Decodable {
    struct Command: Decodable {
      struct Argument: Decodable {
        struct Name: Decodable {
          var kind: String
          var name: String
        }
        var kind: String
        var names: [Name]?
        var valueName: String?
      }
      var commandName: String
      var arguments: [Argument]?
      var subcommands: [Command]?
    }
    var command: Command
  }

  static let flags: [Flag] = {
    guard case .asked(let text)? = failure(["--experimental-dump-help"]),
      let dump = try? JSONDecoder().decode(Dump.self, from: Data(text.utf8))
    else { return [] }
    func flags(_ command: Dump.Command, _ path: [String]) -> [Flag] {
      guard command.commandName != "help" else { return [] }
      let own = (command.arguments ?? []).compactMap { argument -> Flag? in
        switch argument.kind {
        case "option":
          let name = argument.names?.first { $0.kind == "long" }?.name ?? ""
          return Flag(command: path, option: "--\(name)", name: name)
        case "positional": return Flag(command: path, option: nil, name: argument.valueName ?? "")
        default: return nil
        }
      }
      return own + (command.subcommands ?? []).flatMap { flags($0, path + [$0.commandName]) }
    }
    return flags(dump.command, [])
  }()

  /// `nil` where the arguments are accepted.
  private static func failure(_ arguments: [String]) -> Failure? {
    do {
      _ = try BackpropCommand.parseAsRoot(arguments)
      return nil
    } catch {
      return Failure(error)
    }
  }

  static let values = [
    "0", "-1", "nan", "inf", "1e308", "9223372036854775808", "", String(repeating: "x", count: 10_000),
  ]

  private static func isLegal(_ flag: Flag, _ value: String) -> Bool {
    switch flag.name {
    case "prompt": return true
    case "stop": return !value.isEmpty
    case "missing", "ignore", "include": return !value.isEmpty && value.count < 4096
    case "data", "output", "run", "file", "folder", "target", "from", "freeze", "config":
      return !value.isEmpty && value.count < 4096 && value != "-1"
    default: break
    }
    switch value {
    case "0":
      return [
        "warmup-steps", "weight-decay", "momentum", "dropout", "tokens", "temperature", "index", "seed",
        "validation", "label-smoothing",
      ].contains(flag.name) || flag.name == "layers" && flag.command == ["train", "table"]
    case "9223372036854775808": return ["seed", "learning-rate", "weight-decay", "clip-norm"].contains(flag.name)
    default: return false
    }
  }

  @Test func thereAreAllOfThem() {
    #expect(Self.flags.count > 70)
    for name in ["batch-size", "top-k", "index", "threads", "seconds", "run", "workload"] {
      #expect(Self.flags.contains { $0.name == name }, "\(name)")
    }
  }

  @Test(arguments: flags) func oddValuesAreTakenOrRefusedWithASentence(flag: Flag) {
    let others: [String: [String]] = [
      "evaluate": ["run"], "report": ["run"], "data show": ["digits"], "predict": ["run", "--data", "digits"],
      "generate": ["run"],
      "summary": ["run"], "data fetch": ["mnist"],
    ]
    for value in Self.values {
      var arguments = flag.command
      switch (flag.option, flag.name) {
      case (let option?, "model") where flag.command == ["summary"]: arguments += [option, value]
      case (let option?, _): arguments += (others[flag.command.joined(separator: " ")] ?? []) + [option, value]
      case (nil, "file"): arguments += ["run", value]
      case (nil, _): arguments += [value] + (others[flag.command.joined(separator: " ")] ?? []).dropFirst()
      }
      let failure = Self.failure(arguments)
      #expect((failure == nil) == Self.isLegal(flag, value), "\(value.prefix(20)): \(failure as Any)")
      guard let failure else { continue }
      guard case .sentence(let sentence, .wrongRequest) = failure else {
        Issue.record("\(value.prefix(20)): \(failure)")
        continue
      }
      #expect((20...800).contains(sentence.count), "\(sentence)")
      for inside in ["Optional(", "Error Domain", "CodingKey", "NSError"] { #expect(!sentence.contains(inside)) }
    }
  }

  /// Values that are too large only in combination, or that overflow 64 bits.
  @Test(arguments: [
    ["image", "--batch-size", "9223372036854775807"], ["image", "--batch-size", "1000000000000"],
    ["text", "--batch-size", "1000000000"], ["text", "--batch-size", "1000000", "--context", "65536"],
    ["image", "--epochs", "9223372036854775807"], ["image", "--momentum", "0.99999999999"],
    ["image", "--learning-rate", "1e-60"], ["image", "--data", ""], ["image", "--optimizer", "nobody"],
    ["text", "--layers", "2000"], ["text", "--heads", "3", "--model", "transformer"],
  ])
  func aWrongRequestLeavesTheRunAlone(arguments: [String]) throws {
    try withRun { folder in
      let before = try contents(of: folder)
      let outcome = try CommandTests().run(["train"] + arguments + ["--output", folder.path])
      #expect(outcome.status == 2, "\(outcome.errors)")
      #expect(
        outcome.errors.hasPrefix("error: ") && outcome.errors.contains(arguments[1].dropFirst(2)), "\(outcome.errors)")
      #expect(try contents(of: folder) == before)
    }
  }

  @Test(arguments: [
    [], ["data", "fetch"], ["train"], ["train", "image"], ["train", "text"], ["evaluate"], ["predict"], ["generate"],
    ["summary"],
    ["bench"],
  ])
  func helpFitsEightyColumns(command: [String]) throws {
    let outcome = try CommandTests().run(command + ["--help"], environment: ["COLUMNS": "80"])
    #expect(outcome.status == 0)
    for line in outcome.output.split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
  }

  @Test func sentencesFitTheTerminal() throws {
    let outcome = try CommandTests().run(["train", "image", "--schedule", "upwards"], environment: ["COLUMNS": "40"])
    #expect(outcome.status == 2)
    let lines = outcome.errors.split(separator: "\n")
    #expect(lines.count > 2 && lines.allSatisfy { $0.count <= 40 }, "\(outcome.errors)")
    let summary = try CommandTests().run(["summary", "--model", "resnet20"], environment: ["COLUMNS": "80"])
    #expect(summary.output.split(separator: "\n").allSatisfy { $0.count <= 80 }, "\(summary.output)")
    #expect(table([["abcdefghijkl", "1"], ["a", "23"]], left: [0], limit: 12) == ["abcdefg…   1", "a         23"])
    #expect((-1.5215256814325301e19).fixed(4) == "-1.5215e+19" && 0.97449.fixed(3) == "0.974")
    #expect(Terminal.wrapped("aa bb cc  ddddddddd e", columns: 5) == "aa bb\ncc \nddddddddd\ne")
  }
}

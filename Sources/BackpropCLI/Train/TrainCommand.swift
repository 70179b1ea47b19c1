import ArgumentParser

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Trains a network and saves it as a run.",
    subcommands: [TrainImageCommand.self, TrainTextCommand.self, TrainTableCommand.self])

  func run() throws {
    throw RequestError("name what to train on: image, text or table; 'backprop train --help' lists what there is")
  }
}

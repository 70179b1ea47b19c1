import ArgumentParser

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Trains a network and saves it as a run.",
    subcommands: [TrainImageCommand.self, TrainTextCommand.self, TrainTableCommand.self])
}

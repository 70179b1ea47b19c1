import Testing

@testable import BackpropCLI

/// Errors of the argument parser are sentences that name the flag and say what would be right.
struct ParserTests {
  @Test(arguments: [
    ("train image --size 32x48", "--size must be a whole number, not '32x48'; 'backprop train image --help' lists"),
    ("predict run a --top abc", "--top must be a whole number, not 'abc'; 'backprop predict --help' lists"),
    ("train image --seed -1", "--seed must be a whole number of at least 0, not '-1'"),
    ("train image --seed 18446744073709551616", "--seed must be at most 18,446,744,073,709,551,615, not"),
    ("train image --learning-rate 1e-3x", "--learning-rate must be a number, not '1e-3x'"),
    ("predict run a --index 1,2", "--index must be a whole number, not '1,2'"),
    ("compare --task audio", "--task must be 'image', 'text', 'sparse' or 'surface', not 'audio'"),
    ("train image --epochs", "--epochs needs a value: the number of passes over the data"),
    ("evaluate", "<run> is missing: the folder of a run; 'backprop evaluate --help' lists"),
    ("train image --epoch 3", "there is no flag --epoch; --epochs is near; 'backprop train image --help' lists"),
    ("train text --frim x", "there is no flag --frim; --from is near"),
    ("train text --fork 3", "no flag --fork; 'backprop"),
    (
      "train image --learning-rate 1e300", "in the range of float32, from 1.4e-45 to 3.4e+38, such as 0.001, not 1e+300"
    ),
    ("explain --learning-rate 1e-60", "--learning-rate must be above 0 and in the range of float32"),
    ("train image --flips maybe", "--flips must be 'yes' or 'no', not 'maybe'"),
    ("train text --from nowhere", "nowhere is no run"),
    ("train sound", "'sound' has no meaning here; 'backprop train --help' lists"),
    ("train", "name what to train on: image, text or table; 'backprop train --help' lists"),
    ("train image --optimizer adagrad --momentum 0.9 --data nowhere", "momentum"),
    ("train image --freeze nothing.* --data nowhere", "--freeze: "),
    ("compare --optimizers sgd,,adam", "there is no optimizer ''"),
    ("train table --data x --target y --optimizer adagrad --momentum 0.5", "momentum"),
    ("evaluate run a b", "'a', 'b' have no meaning here"), ("train image --plot=yes", "--plot takes no value"),
    (
      "predict run -1.jpg",
      "name files or --data, one of the two; a file whose name begins with '-' is given as ./-1.jpg"
    ),
    ("predict run a.jpg -1.jpg", "a file whose name begins with '-' is given as ./-1.jpg"),
    ("evaluate -run", "is given as ./-run"),
  ])
  func namesTheFlagAndWhatWouldBeRight(arguments: String, message: String) throws {
    let outcome = try CommandTests().run(arguments.split(separator: " ").map(String.init))
    #expect(outcome.status == 2 && outcome.output.isEmpty)
    #expect(outcome.errors.hasPrefix("error: ") && outcome.errors.contains(message), "\(outcome.errors)")
    #expect(outcome.errors.count { $0 == "\n" } == 1, "\(outcome.errors)")
  }

  @Test func defaultsOfNumbersAreInTheHelp() throws {
    let help = try CommandTests().run(["predict", "--help"], environment: ["COLUMNS": "200"]).output
    #expect(help.contains("How many labels to name for each image. (default: 3)"), "\(help)")
  }

  @Test func modelsHaveTheirDefaults() throws {
    let outcome = try CommandTests().run(["help", "models"])
    #expect(outcome.status == 0 && outcome.errors.isEmpty)
    let rows = outcome.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    #expect(outcome.output.split(separator: "\n").allSatisfy { $0.count <= 80 }, "\(outcome.output)")
    // As in `Defaults.image` and `Defaults.text`.
    #expect(rows.contains(["model", "learning-rate", "clip-norm", "warmup-steps"]), "\(outcome.output)")
    #expect(rows.contains(["cnn", "0.001", "none", "0"]) && rows.contains(["lstm", "0.003", "1.0", "0"]))
    #expect(rows.contains(["transformer", "64", "4", "adamw", "0.001"]), "\(outcome.output)")
  }
}

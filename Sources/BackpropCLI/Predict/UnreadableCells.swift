import Backprop

extension TableExamples {
  /// Says on standard error which cells of a file were taken as missing: the first of them, then how many.
  func logUnreadable(in file: String) {
    guard unreadableCount > 0 else { return }
    Console.log(
      "note: \("cell".counted(unreadableCount)) of \(file.printable) cannot be read, and \(unreadableCount == 1 ? "is" : "are") "
        + "taken as missing:")
    let shown = unreadable.prefix(5)
    for cell in shown { Console.note(line: "  \("\(cell)".printable)") }
    if unreadableCount > shown.count { Console.note(line: "  and \((unreadableCount - shown.count).grouped) more") }
  }
}

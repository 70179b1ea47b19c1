extension Tensor: CustomStringConvertible {
  /// Shape, type and values: `Tensor [2, 3] float32 [[1, 2, 3], [4, 5, 6]]`.
  ///
  /// Computes the values if needed. Of more than 64, long axes show the first and last few. A failed tensor shows
  /// its error.
  public var description: String {
    do throws(TensorError) {
      func texts<Element: TensorElement>(_ type: Element.Type) throws(TensorError) -> [String] {
        try values(as: type).map { value in
          // 3 rather than 3.0; an integer without an exponent ends so. NaN without its sign and payload.
          let text = "\(value)"
          return text.contains("nan") ? "nan" : text.hasSuffix(".0") ? String(text.dropLast(2)) : text
        }
      }
      let numbers = try texts(dtype.element)
      // The more axes, the fewer of each.
      let ends = shape.rank > 3 ? 1 : 3
      let isLong = numbers.count > 64 || shape.contains { $0 > 64 }
      let text = Tensor.nested(numbers[...], shape.dimensions[...], ends: isLong ? ends : nil)
      return "Tensor \(shape) \(dtype) \(text)"
    } catch {
      return "Tensor failed: \(error.message)"
    }
  }

  /// `numbers` in brackets, one pair for each axis; of long axes only `ends` on either side.
  private static func nested(_ numbers: ArraySlice<String>, _ sizes: ArraySlice<Int>, ends: Int?) -> String {
    guard let size = sizes.first else { return numbers.first ?? "" }
    let width = size > 0 ? numbers.count / size : 0
    func part(_ index: Int) -> String {
      nested(numbers.dropFirst(index * width).prefix(width), sizes.dropFirst(), ends: ends)
    }
    guard let ends, size > 2 * ends else { return "[" + (0..<size).map(part).joined(separator: ", ") + "]" }
    let parts = (0..<ends).map(part) + ["…"] + (size - ends..<size).map(part)
    return "[" + parts.joined(separator: ", ") + "]"
  }
}

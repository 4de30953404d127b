package logs

func parsePattern(text string) (func(message string) bool, error) {
	return func(string) bool { return true }, nil
}

"""The public page: call from the browser, see one's place, rate, and look at one's own requests."""

"""Files that people upload: seen to be what they are said to be, and each one message's."""

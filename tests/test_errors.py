from checkstar.errors import unknown_name


def test_the_nearest_name_is_suggested():
    assert "did you mean 'z_spec'?" in str(unknown_name("column", "zspec", ["z_spec", "mag"]))


def test_nothing_is_suggested_where_nothing_is_near():
    assert "did you mean" not in str(unknown_name("column", "qqq", ["z_spec", "mag"]))


def test_long_lists_are_cut_and_counted():
    message = str(unknown_name("column", "x", [f"c{i}" for i in range(50)]))
    assert "(50 in all)" in message
    assert "c49" not in message
